package bus_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chat/modules/bus"
	"chat/modules/bustest"
	"chat/modules/redistest"
)

func TestMemory(t *testing.T) {
	bustest.Run(t, func(*testing.T) (bus.Bus, bus.Bus) {
		b := bus.NewMemory()
		return b, b
	})
}

func TestRedis(t *testing.T) {
	server := redistest.New(t)
	bustest.Run(t, func(t *testing.T) (bus.Bus, bus.Bus) { return connect(t, server.URL()), connect(t, server.URL()) })
}

func TestRedisCluster(t *testing.T) {
	nodes := redistest.NewCluster(t)
	bustest.Run(t, func(t *testing.T) (bus.Bus, bus.Bus) {
		return connect(t, nodes[0].URL()), connect(t, nodes[2].URL()+"?addr="+nodes[1].Address())
	})
}

// late attaches the listener a test gives before the bus runs.
type late struct {
	*bus.Redis
	t       testing.TB
	metrics *prometheus.Registry
}

// Attach starts the bus as well: it needs its listener first.
func (l *late) Attach(listener bus.Listener) {
	l.Redis.Attach(listener)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				l.t.Errorf("run the bus: %v", err)
			}
		case <-time.After(10 * time.Second):
			l.t.Error("the bus does not stop")
		}
	})
}

func connect(t testing.TB, url string) *late {
	t.Helper()
	metrics := prometheus.NewRegistry()
	b, err := bus.NewRedis(url, metrics, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return &late{b, t, metrics}
}

// value is that of a counter or gauge of a bus.
func (l *late) value(name string) float64 {
	l.t.Helper()
	families, err := l.metrics.Gather()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	l.t.Fatalf("there is no metric %s", name)
	return 0
}

func ends(t *testing.T, url string) (here, there *late, tape *bustest.Tape) {
	t.Helper()
	here, there, tape = connect(t, url), connect(t, url), bustest.NewTape()
	there.Attach(tape)
	here.Attach(bustest.NewTape())
	return here, there, tape
}

// flows publishes until the other end hears it.
func flows(t *testing.T, here *late, tape *bustest.Tape, c bus.Channel) {
	t.Helper()
	before := len(tape.Await(t, c, 0))
	for range 200 {
		here.Publish(bus.Hint{Channel: c})
		time.Sleep(50 * time.Millisecond)
		if len(tape.Await(t, c, 0)) > before {
			return
		}
	}
	t.Fatal("hints do not flow")
}

func TestRedisThatIsDownAtTheStart(t *testing.T) {
	server := redistest.New(t)
	server.Kill()
	here, there, tape := ends(t, server.URL())
	chat, began := bustest.Chat(), time.Now()
	if err := there.Subscribe(t.Context(), chat); err == nil {
		t.Error("a subscription was confirmed without Redis")
	}
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("a subscription without Redis took %s", took)
	}
	here.Publish(bus.Hint{Channel: chat})
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	tape.AwaitMissed(t, 1)
	flows(t, here, tape, chat)
}

// TestLossesAreTold loses the connection in every way; the listener is told, and hints flow again.
func TestLossesAreTold(t *testing.T) {
	for name, fault := range map[string]func(*testing.T, *redistest.Server){
		"a restart": func(t *testing.T, s *redistest.Server) {
			if err := s.Restart(); err != nil {
				t.Error(err)
			}
		},
		"connections that are killed": func(t *testing.T, s *redistest.Server) {
			if _, err := s.Do("CLIENT", "KILL", "TYPE", "pubsub"); err != nil {
				t.Error(err)
			}
		},
		"a stall": func(_ *testing.T, s *redistest.Server) {
			s.Pause()
			time.Sleep(8 * time.Second)
			s.Resume()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.New(t)
			here, there, tape := ends(t, server.URL())
			channels := []bus.Channel{bustest.Chat(), bustest.Chat(), bustest.Chat()}
			bustest.Subscribe(t, there, channels...)
			tape.AwaitMissed(t, 1)
			flows(t, here, tape, channels[0])
			fault(t, server)
			tape.AwaitMissed(t, 2)
			for _, c := range channels {
				flows(t, here, tape, c)
			}
			if there.value("chat_bus_losses_total") == 0 || there.value("chat_bus_connections") != 1 {
				t.Error("the metrics tell nothing of the loss")
			}
		})
	}
}

// TestFailover loses the server that hints go through: a sentinel promotes its replica, the listener is told, and hints
// flow again.
func TestFailover(t *testing.T) {
	watched := redistest.NewWatched(t)
	here, there, tape := ends(t, watched.URL())
	chat := bustest.Chat()
	bustest.Subscribe(t, there, chat)
	tape.AwaitMissed(t, 1)
	flows(t, here, tape, chat)
	watched.Master.Kill()
	tape.AwaitMissed(t, 2)
	flows(t, here, tape, chat)
	role, err := watched.Replica.Do("ROLE")
	if err != nil || !strings.Contains(role, "master") {
		t.Errorf("the replica is %s (%v), want it promoted", role, err)
	}
}

// TestAStalledRedisHoldsNobody publishes more than fits while nothing is answered.
func TestAStalledRedisHoldsNobody(t *testing.T) {
	server := redistest.New(t)
	here, there, _ := ends(t, server.URL())
	bustest.Subscribe(t, there, bustest.Chat())
	bustest.Subscribe(t, here, bustest.Chat())
	server.Pause()
	defer server.Resume()
	chat, began := bustest.Chat(), time.Now()
	for range 50_000 {
		here.Publish(bus.Hint{Channel: chat})
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("50,000 hints took %s", took)
	}
	if dropped := here.value("chat_bus_dropped_total"); dropped < 40_000 {
		t.Errorf("%v hints were dropped, want all but the queue", dropped)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := there.Subscribe(ctx, chat); err == nil {
		t.Error("a stalled Redis has confirmed")
	}
}

func TestForeignMessagesAreLeftAlone(t *testing.T) {
	server := redistest.New(t)
	here, there, tape := ends(t, server.URL())
	chat := bustest.Chat()
	bustest.Subscribe(t, there, chat)
	names, err := server.Do("PUBSUB", "CHANNELS", "*"+chat.Chat.String())
	if err != nil {
		t.Fatal(err)
	}
	name := names[strings.Index(names, "chat:{"):strings.LastIndex(names, chat.Chat.String())] + chat.Chat.String()
	for _, text := range []string{"", "null", "[]", `{"Channel":{"User":"x"}}`, strings.Repeat("[", 100_000)} {
		if _, err := server.Do("PUBLISH", name, text); err != nil {
			t.Fatal(err)
		}
	}
	flows(t, here, tape, chat)
	if got := there.value("chat_bus_unreadable_total"); got != 5 {
		t.Errorf("%v messages were left alone, want 5", got)
	}
}

// TestAProcessThatOnlyPublishes has no listener.
func TestAProcessThatOnlyPublishes(t *testing.T) {
	server := redistest.New(t)
	here, there, tape := connect(t, server.URL()), connect(t, server.URL()), bustest.NewTape()
	there.Attach(tape)
	here.Attach(nil)
	chat := bustest.Chat()
	bustest.Subscribe(t, there, chat)
	flows(t, here, tape, chat)
	if here.value("chat_bus_connections") != 0 {
		t.Error("it hears hints that nobody wants")
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, url := range []string{"", "http://x", "redis://:x", "redis://x/y"} {
		if _, err := bus.NewRedis(url, prometheus.NewRegistry(), zerolog.Nop()); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
}

// TestASlotThatMoves gives the slot of a channel to another node of the cluster.
func TestASlotThatMoves(t *testing.T) {
	nodes := redistest.NewCluster(t)
	must := func(s *redistest.Server, words ...string) string {
		t.Helper()
		answer, err := s.Do(words...)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	here, there, tape := ends(t, nodes[0].URL())
	chat := bustest.Chat()
	chat.Chat[15] = 5
	bustest.Subscribe(t, there, chat)
	flows(t, here, tape, chat)
	slot := must(nodes[0], "CLUSTER", "KEYSLOT", "{5}")
	for _, target := range nodes { // one of them has it
		id := must(target, "CLUSTER", "MYID")
		for _, s := range nodes {
			must(s, "CLUSTER", "SETSLOT", slot, "NODE", id)
		}
		flows(t, here, tape, chat)
	}
	if there.value("chat_bus_losses_total") < 2 {
		t.Error("the subscription was not taken along")
	}
}
