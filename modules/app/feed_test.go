package app

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chat/modules/bus"
	"chat/modules/id"
	"chat/modules/pg"
	"chat/modules/pgtest"
)

// TestMarksInManyChatsAreAllTold: those of one user that are stored together move the user's feed once, and its other
// devices hear of each.
func TestMarksInManyChatsAreAllTold(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	var chats []id.Chat
	for range 12 {
		chat := w.group(ann, bob)
		w.send(chat, ann, "hello")
		chats = append(chats, chat)
	}
	counts, _ := w.subscribe(w.as(bob), `subscription { unreadCountUpdated(current: true) { chatId unreadCount } }`, nil)
	counts.count(len(chats))
	letGo := w.held(`SELECT 1 FROM user_feeds WHERE user_id = $1 FOR UPDATE`, bob)
	var marks sync.WaitGroup
	for _, chat := range chats {
		marks.Go(func() {
			w.must(w.as(bob), nil, `mutation($c: ID!) { markChatRead(chatId: $c, upToSeq: 100) { unreadCount } }`, vars{"c": chat.String()})
		})
	}
	time.Sleep(100 * time.Millisecond) // the first are stored, up to the feed; the others are together behind them
	letGo()
	marks.Wait()
	for _, chat := range chats {
		counts.await(fmt.Sprintf("the count of chat %s to be 0", chat), func(payloads []string, _ string) bool {
			return strings.Contains(strings.Join(payloads, "\n"), fmt.Sprintf(`"chatId":"%s","unreadCount":0}`, chat))
		})
	}
}

// TestAFeedIsWhatTheStoreSays: somebody who can write to Redis says a number that is not true, and news come all the same.
func TestAFeedIsWhatTheStoreSays(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	added, _ := w.subscribe(w.as(bob), `subscription { chatAdded { id } }`, nil)
	w.stack.Live.Hint(bus.Hint{Channel: bus.Channel{User: bob}, Feed: 1 << 40})
	time.Sleep(100 * time.Millisecond) // the feed is read
	for n := range 3 {
		w.group(ann, bob)
		added.count(n + 1)
	}
}

// TestAnArrivalIsToldOnce: also where the hints of several come while the first is looked at.
func TestAnArrivalIsToldOnce(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	added, _ := w.subscribe(w.as(bob), `subscription { chatAdded { id } }`, nil)
	const each, writers = 25, 4
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				w.group(ann, bob)
			}
		})
	}
	all.Wait()
	last := w.group(ann, bob)
	told := added.await("the last chat", func(payloads []string, _ string) bool {
		return len(payloads) > 0 && strings.Contains(payloads[len(payloads)-1], last.String())
	})
	if got := len(slices.Compact(slices.Sorted(slices.Values(told)))); len(told) != each*writers+1 || got != len(told) {
		t.Errorf("%d arrivals of %d chats, want each of %d once", len(told), got, each*writers+1)
	}
}

// TestASubscriptionThatOpensMissesNoArrival: it has seen the chats before one is committed that a reading which was under
// way already finds.
func TestASubscriptionThatOpensMissesNoArrival(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	chat := w.group(ann)
	w.group(ann, bob)
	follow := `subscription { chatMessageNotification { content } }`
	before, _ := w.subscribe(w.as(bob), follow, nil)
	locked, opened, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- w.db.Tx(t.Context(), func(tx *pg.Tx) error {
			err := tx.Exec(t.Context(), `LOCK TABLE user_feeds IN ACCESS EXCLUSIVE MODE`) // readings of it wait
			close(locked)
			<-opened
			if err != nil {
				return err
			}
			if err := tx.Exec(t.Context(), `UPDATE user_feeds SET seq = seq + 1 WHERE user_id = $1`, bob); err != nil {
				return err
			}
			return tx.Exec(t.Context(), `
				INSERT INTO chat_members (id, chat_id, user_id, joined_seq, joined_number, joined_feed, joined_at)
				SELECT gen_random_uuid(), m.chat_id, f.user_id, 0, 0, f.seq, now()
				FROM   chat_members m, user_feeds f
				WHERE  m.chat_id = $1 AND f.user_id = $2`, chat, bob)
		})
	}()
	<-locked
	w.stack.Live.Hint(bus.Hint{Channel: bus.Channel{User: bob}, Feed: 100})
	time.Sleep(100 * time.Millisecond) // what has happened to bob is being read
	meanwhile, _ := w.subscribe(w.as(bob), follow, nil)
	close(opened)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // it has been read
	w.send(chat, ann, "hello")
	for _, s := range []*tape{before, meanwhile} {
		if got := contents(s.count(1)); got != "hello" {
			t.Errorf("told of %q", got)
		}
	}
}

// silent is a bus that confirms nothing once it is silenced, as a Redis that is stalled.
type silent struct {
	bus.Bus
	isSilent atomic.Bool
}

func (b *silent) Subscribe(ctx context.Context, channels ...bus.Channel) error {
	if err := b.Bus.Subscribe(ctx, channels...); err != nil || !b.isSilent.Load() {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestABusThatConfirmsNothingHoldsNobody: people come into many chats, and the news of all other chats go on.
func TestABusThatConfirmsNothingHoldsNobody(t *testing.T) {
	b := &silent{Bus: bus.NewMemory()}
	w := newWorldWith(t, pgtest.New(t), nil, b)
	ann := w.user("ann")
	chat := w.group(ann)
	others, _ := w.subscribe(w.as(ann), followAdded, vars{"c": chat.String()})
	var people []id.User
	var lists []*tape
	for n := range runtime.GOMAXPROCS(0) {
		people = append(people, w.user(fmt.Sprint("p", n)))
		list, _ := w.subscribe(w.as(people[n]), `subscription { chatMessageNotification { content } }`, nil)
		lists = append(lists, list)
	}
	b.isSilent.Store(true)
	for range 30 {
		for _, who := range people {
			w.group(ann, who)
		}
	}
	last := w.group(ann, people...)
	began := time.Now()
	w.comesAtOnce(chat, ann, others)
	w.send(last, ann, "welcome")
	for _, list := range lists {
		list.count(1)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the first message of the last of the chats took %s", took)
	}
}

// early is a bus on which something happens before a chat's channel is listened to.
type early struct {
	bus.Bus
	before chan func()
}

func (b *early) Subscribe(ctx context.Context, channels ...bus.Channel) error {
	if !channels[0].Chat.IsZero() {
		select {
		case f := <-b.before:
			f()
		default:
		}
	}
	return b.Bus.Subscribe(ctx, channels...)
}

// TestWhatIsSaidOnArrivalComesAtOnce: what the chat is told between the look at it and its first hint waits for no sweep.
func TestWhatIsSaidOnArrivalComesAtOnce(t *testing.T) {
	b := &early{Bus: bus.NewMemory(), before: make(chan func(), 1)}
	w := newWorldWith(t, pgtest.New(t), nil, b)
	ann, bob := w.user("ann"), w.user("bob")
	list, _ := w.subscribe(w.as(bob), `subscription { chatMessageNotification { content } }`, nil)
	began := time.Now()
	for n := range 5 {
		chat := w.group(ann)
		b.before <- func() { w.send(chat, ann, "welcome") }
		w.must(w.as(ann), nil, `mutation($c: ID!, $u: String!) { addParticipant(chatId: $c, userId: $u) { id } }`, vars{"c": chat.String(), "u": bob.String()})
		list.count(n + 1)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("five first messages took %s", took)
	}
}
