package user

import (
	"fmt"
	"slices"
	"testing"

	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/pgtest"
)

// BenchmarkGoing is a look at the sessions in use: 1,000 with each statement.
func BenchmarkGoing(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n, " sessions"), func(b *testing.B) {
			db := pgtest.New(b)
			s := NewStore(db)
			sessions := make([]id.Session, n)
			for k := range sessions {
				sessions[k] = id.New[id.Session]()
			}
			err := db.Tx(b.Context(), func(tx *pg.Tx) error {
				if err := tx.Exec(b.Context(), `INSERT INTO users (id, username, username_key, email, email_key, created_at, updated_at)
					SELECT u, u, u, u, u, now(), now() FROM unnest($1::uuid[]) AS u`, id.List[id.Session](sessions)); err != nil {
					return err
				}
				return tx.Exec(b.Context(), `INSERT INTO sessions (id, user_id, device, address, created_at, last_used_at, expires_at)
					SELECT u, u, '', '', now(), now(), now() + interval '30 days' FROM unnest($1::uuid[]) AS u`, id.List[id.Session](sessions))
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				for some := range slices.Chunk(sessions, 1_000) {
					if all, err := s.AllGo(b.Context(), some); err != nil || !all {
						b.Fatal(all, err)
					}
				}
			}
		})
	}
}
