package chat

import (
	"context"
	"encoding/json"
	"fmt"

	"chat/modules/history"
	"chat/modules/id"
	"chat/modules/identity"
)

// Since is history.Since with the messages as they are now: two statements for all places.
func (s *Store) Since(ctx context.Context, places []history.Place, limit int) (map[history.Place]*history.Page, error) {
	pages, err := history.Since(ctx, s.db, places, limit)
	if err != nil {
		return nil, err
	}
	bodies, err := s.bodies(ctx, pages)
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		for n := range page.Events {
			if e := &page.Events[n]; e.Kind.OfMessage() {
				e.Body, e.Late = bodies[id.Message(e.Subject)], true
			}
		}
	}
	return pages, nil
}

// bodies encodes the messages of pages as hints carry them.
func (s *Store) bodies(ctx context.Context, pages map[history.Place]*history.Page) (map[id.Message]json.RawMessage, error) {
	bodies := map[id.Message]json.RawMessage{}
	var ids []id.Message
	for _, page := range pages {
		for _, e := range page.Events {
			message := id.Message(e.Subject)
			if _, ok := bodies[message]; e.Kind.OfMessage() && !ok {
				bodies[message] = nil
				ids = append(ids, message)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := selectMessagesByID(ctx, s.db, identity.Viewer{All: true}, ids...)
	if err != nil {
		return nil, err
	}
	for message, row := range found {
		if bodies[message], err = json.Marshal(row); err != nil {
			return nil, fmt.Errorf("encode a message: %w", err)
		}
	}
	return bodies, nil
}

// Last maps each of the chats to the newest seq of its log.
func (s *Store) Last(ctx context.Context, chats []id.Chat) (map[id.Chat]int64, error) {
	return history.Last(ctx, s.db, chats)
}
