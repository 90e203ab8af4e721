package main

import (
	"context"
	"fmt"
	"hash/maphash"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
)

func factories() scenario {
	s := scenario{
		name:   "factory",
		work:   "Jobs that do nothing go from outside to a factory of 100 or 1,000 workers, 10,000 at a time, and the next 10,000 when these are done: ractor's own bench, by each router. There are 1,000 keys. The baseline is a goroutine for each worker: on one channel of 1,024 for the queuer, each on a channel of 16 of its own for the others.",
		op:     "a job",
		full:   size{Messages: 1_000_000},
		modest: size{Messages: 100_000},
		fixed:  true,
	}
	for _, r := range routings() {
		for _, workers := range []int{100, 1000} {
			explain := r.explain
			if workers > 100 {
				explain = "the same with 1,000 workers"
			}
			s.variants = append(s.variants, variant{
				name: fmt.Sprintf("%s-%d", r.name, workers), explain: explain, capacity: r.capacity,
				ours:   func(ctx context.Context, t *trial) error { return factoryOurs(ctx, t, r, workers) },
				theirs: func(ctx context.Context, t *trial) error { return factoryTheirs(ctx, t, r, workers) },
				actors: func(size) int { return workers + 1 },
			})
		}
	}
	return s
}

// routing is a router, with what it promises and what the baseline does instead.
type routing struct {
	name, explain string
	router        func() factory.Router
	keyed         bool // no key is worked on twice at a time
	ordered       bool // and the jobs of a key are done in order
	capacity      int
	channel       func(o chore, channels int) int // nil: there is one for all
}

func routings() []routing {
	byKey := func(o chore, channels int) int { return int(keyHash(o.key) % uint64(channels)) }
	inTurn := func(o chore, channels int) int { return o.number % channels }
	return []routing{
		{
			name: "queuer", explain: "to whom has been idle for longest",
			router: factory.Queuer, capacity: 1024,
		},
		{
			name: "sticky", explain: "so too, but to whom has the key now, if somebody has",
			router: factory.StickyQueuer, keyed: true, capacity: 16, channel: byKey,
		},
		{
			name: "persistent", explain: "always to the same one for a key",
			router: factory.KeyPersistent, keyed: true, ordered: true, capacity: 16, channel: byKey,
		},
		{
			name: "robin", explain: "to one after the other",
			router: factory.RoundRobin, capacity: 16, channel: inTurn,
		},
		{
			name: "custom", explain: "to whom a function names for a key",
			router: func() factory.Router {
				return factory.Custom(func(key string, workers int) int { return int(keyHash(key) % uint64(workers)) })
			},
			keyed: true, ordered: true, capacity: 16, channel: byKey,
		},
	}
}

const (
	roundOfJobs = 10_000
	jobKeys     = 1000
)

var keySeed = maphash.MakeSeed()

func keyHash(key string) uint64 { return maphash.String(keySeed, key) }

// chore is a job. Its number says which key it has.
type chore struct {
	number int
	key    string
}

// site is where the jobs are done, and what is to be seen there.
type site struct {
	keys     []string
	done     []atomic.Uint32 // by number: how often
	busy     []atomic.Bool   // by key: somebody is at a job of it
	last     []int           // by key: the number of the last job, plus 1
	two      atomic.Int64    // jobs begun while another one of the key was under way
	turned   atomic.Int64    // jobs begun after a later one of the key
	discards atomic.Int64
	over     *countdown
}

func newSite(jobs int64) *site {
	s := &site{
		keys: make([]string, jobKeys), done: make([]atomic.Uint32, jobs),
		busy: make([]atomic.Bool, jobKeys), last: make([]int, jobKeys),
	}
	for i := range s.keys {
		s.keys[i] = "key " + strconv.Itoa(i)
	}
	return s
}

func (s *site) chore(number int) chore { return chore{number, s.keys[number%len(s.keys)]} }

// do does a job, and looks at what its router has promised.
func (s *site) do(o chore, r routing) {
	s.done[o.number].Add(1)
	if !r.keyed {
		return
	}
	key := o.number % len(s.keys)
	if !s.busy[key].CompareAndSwap(false, true) {
		s.two.Add(1)
		return
	}
	if r.ordered {
		if o.number < s.last[key] {
			s.turned.Add(1)
		}
		s.last[key] = o.number + 1
	}
	s.busy[key].Store(false)
}

// rounds has send called for every job, a round at a time, and look after each.
func (s *site) rounds(ctx context.Context, t *trial, send func(chore) error, look func(sent int)) error {
	n := int(t.size.Messages)
	return t.measure(t.size.Messages, func() error {
		for first := 0; first < n; first += roundOfJobs {
			end := min(first+roundOfJobs, n)
			s.over = newCountdown(end - first)
			for number := first; number < end; number++ {
				if err := send(s.chore(number)); err != nil {
					return fmt.Errorf("job %d: %w", number, err)
				}
			}
			if err := await(ctx, s.over.done); err != nil {
				return err
			}
			look(end)
		}
		return nil
	})
}

// close makes the account, when nothing runs any more.
func (s *site) close(t *trial, r routing) {
	account := ledger{sent: t.size.Messages}
	var again int64
	for i := range s.done {
		n := int64(s.done[i].Load())
		account.handled += min(n, 1)
		again += max(n-1, 0)
	}
	t.balance(account)
	t.want("done_again", again, 0)
	if r.keyed {
		t.want("two_of_a_key", s.two.Load(), 0)
	}
	if r.ordered {
		t.want("out_of_order", s.turned.Load(), 0)
	}
}

func factoryOurs(ctx context.Context, t *trial, r routing, workers int) error {
	s := newSite(t.size.Messages)
	var unbalanced, late int64
	var at factory.Stats
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		cfg := factory.Config[chore]{
			Workers: workers, Router: r.router(),
			NewWorker: factory.Func(func(_ context.Context, o chore) error {
				s.do(o, r)
				return nil
			}),
			OnDone:    func(chore, error) { s.over.one() },
			OnDiscard: func(chore, factory.Reason) { s.discards.Add(1) },
		}
		if r.keyed {
			cfg.Key = func(o chore) string { return o.key }
		}
		f, err := factory.Spawn(ctx, cfg)
		if err != nil {
			return err
		}
		balanced := func() factory.Stats {
			st := f.Stats()
			if st.Submitted != st.Done+st.Discarded+st.InFlight+st.Queued {
				unbalanced++
			}
			return st
		}
		jobs := f.Ref()
		err = s.rounds(ctx, t, func(o chore) error {
			if o.number%1000 == 0 { // in the middle of things
				balanced()
			}
			return jobs.Cast(ctx, o)
		}, func(sent int) {
			if st := balanced(); st.Done != uint64(sent) {
				late++
			}
		})
		if err != nil {
			return err
		}
		at = f.Stats()
		return f.Drain(ctx)
	})
	if errIsRunning(err) {
		return err
	}
	s.close(t, r)
	t.want("stats_unbalanced", unbalanced, 0)
	t.want("rounds_not_booked", late, 0)
	t.want("stats_done", int64(at.Done), t.size.Messages)
	t.want("stats_discarded", int64(at.Discarded), 0)
	t.want("told_discarded", s.discards.Load(), 0)
	t.want("workers_replaced", int64(at.Replaced), 0)
	return err
}

func factoryTheirs(ctx context.Context, t *trial, r routing, workers int) error {
	s := newSite(t.size.Messages)
	halls := make([]chan chore, 1)
	if r.channel != nil {
		halls = make([]chan chore, workers)
	}
	for i := range halls {
		halls[i] = make(chan chore, r.capacity)
	}
	var all sync.WaitGroup
	for i := range workers {
		in := halls[i%len(halls)]
		all.Go(func() {
			for o := range in {
				s.do(o, r)
				s.over.one()
			}
		})
	}
	err := s.rounds(ctx, t, func(o chore) error {
		i := 0
		if r.channel != nil {
			i = r.channel(o, len(halls))
		}
		halls[i] <- o
		return nil
	}, func(int) {})
	if err != nil {
		return err
	}
	for _, hall := range halls {
		close(hall)
	}
	all.Wait()
	s.close(t, r)
	return nil
}
