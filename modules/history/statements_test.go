package history

import (
	"testing"

	"chat/modules/pgtest"
)

func TestStatementsFitTheDatabase(t *testing.T) {
	db := pgtest.New(t)
	for _, statement := range []string{
		selectEvents, countEvents, selectLast, selectLooks, selectSights, selectEndings, selectRemoved, selectTurns, selectFeeds,
	} {
		if err := db.Prepare(t.Context(), statement); err != nil {
			t.Error(err)
		}
	}
}
