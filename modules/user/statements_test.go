package user

import (
	"testing"

	"chat/modules/pgtest"
)

func TestStatementsFitTheDatabase(t *testing.T) {
	db := pgtest.New(t)
	for _, statement := range []string{
		selectExisting, selectByIDs, selectByName, selectActive, selectMatching, selectAnybody, lockFirst, insertUser, updateUser,
		deactivateUser, activateUser, selectListed, selectAdministrator, selectCredentials, selectCredentialsOf, updatePassword,
		resetPassword, insertSessionRow,
		lockSessionRow, selectHeld, selectSuccessors, rotateToken, endOne, endAll, selectOwns, selectSessions, selectGoing, countGoing,
		deleteOver, insertAudit,
	} {
		if err := db.Prepare(t.Context(), statement); err != nil {
			t.Error(err)
		}
	}
}
