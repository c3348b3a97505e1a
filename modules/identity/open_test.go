package identity_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
)

// silent is a directory that does not answer.
type silent struct{}

func (silent) Exists(ctx context.Context, _ id.User) (bool, error) {
	<-ctx.Done()
	return false, fault.Busy(ctx.Err())
}

// TestADirectoryThatDoesNotAnswer holds nobody up for more than 5 s.
func TestADirectoryThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, user := identity.NewOpen(silent{}), id.New[id.User]()
		began := time.Now()
		_, err := p.FromHeader(t.Context(), http.Header{"User-Id": {user.String()}})
		if took := time.Since(began); fault.CodeOf(err) != fault.Unavailable || took > 5*time.Second {
			t.Errorf("%v after %s, want %s within 5 s", err, took, fault.Unavailable)
		}
	})
}
