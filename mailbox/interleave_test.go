//go:build interleave

package mailbox

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/weave"
)

// Proofs: the real mailbox, in every order of its atomic operations. Run them with
//
//	go test -tags interleave -run Interleave -v ./mailbox

// wrapping is a first position whose ring wraps around at 2^64 after two messages.
const wrapping = ^uint64(0) - 3

// faulty is what a mutant replaces; nil: the real thing.
type faulty struct {
	sleep   func(b *Mailbox[int, int]) bool
	publish func(b *Mailbox[int, int], at uint64, m int) Outcome
	wait    func(r *ring[int]) error
	control func(b *Mailbox[int, int], l Lane, e int) Outcome

	pushChain func(b *Mailbox[int, int], ch *Chain[int]) Outcome
}

// prog is a mailbox, its consumer and what came of everything. What is not atomic here belongs to the step
// that was done last.
type prog struct {
	*weave.Run

	faulty

	box     Mailbox[int, int]
	pool    Pool[int]
	bell    weave.Slot[int] // the run queue: at most one consumer is scheduled
	awake   bool
	handled []int
	control []int
	dropped []int
	refused int
	closeAt int // Close after so many messages; -1: never
}

func newProg(r *weave.Run, bound int, f faulty) *prog {
	p := &prog{Run: r, faulty: f, bell: weave.NewSlot[int](), closeAt: -1}
	if bound > 0 {
		p.box.ring = newRing[int](bound, wrapping)
	}
	r.Daemon("consumer", func() {
		cache := p.cache()
		for {
			p.bell.Take()
			p.turn(cache)
		}
	})
	return p
}

// cache returns a cache that does not ask the pool.
func (p *prog) cache() *Cache[int] { return &Cache[int]{dry: 1000} }

// turn is the consumer's loop, as the package comment has it.
func (p *prog) turn(cache *Cache[int]) {
	for {
		for p.box.HasControl() {
			_, e, ok := p.box.PopControl()
			p.Checkf(ok, "HasControl, and nothing to pop")
			p.control = append(p.control, e)
		}
		if len(p.handled) == p.closeAt && !p.isClosed() {
			p.box.Close()
		}
		if m, ok := p.box.Pop(&p.pool, cache); ok {
			p.handled = append(p.handled, m)
			continue
		}
		p.awake = false
		if p.rest() {
			return
		}
		p.Checkf(!p.awake, "the consumer goes on, and another one was woken")
		p.awake = true
	}
}

func (p *prog) rest() bool {
	if p.sleep != nil {
		return p.sleep(&p.box)
	}
	return p.box.Sleep()
}

func (p *prog) isClosed() bool { return p.box.word.Load() == &closed }

// did does what the outcome of a push asks for; false: not accepted.
func (p *prog) did(o Outcome) bool {
	switch o {
	case Wake:
		p.Checkf(!p.awake, "woken twice")
		p.awake = true
		p.bell.Put(1)
	case Full, Closed:
		p.refused++
		return false
	case Late:
		for m, ok := p.box.PopOldest(); ok; m, ok = p.box.PopOldest() {
			p.dropped = append(p.dropped, m)
		}
	}
	return true
}

func (p *prog) push(c *Cache[int], m int) Outcome {
	if p.publish == nil {
		return p.box.Push(&p.pool, c, m)
	}
	at, o := p.box.ring.claim()
	if o != Queued {
		return o
	}
	return p.publish(&p.box, at, m)
}

// chain adds a thread that pushes two chains, of n messages each: 10*from, and so on.
func (p *prog) chain(name string, from, n int) {
	p.Go(name, func() {
		cache := p.cache()
		for k := range 2 {
			chain := NewChain(&p.pool, cache)
			for i := range n {
				chain.Add(10*from + k*n + i)
			}
			o := Closed
			if p.pushChain != nil {
				o = p.pushChain(&p.box, &chain)
			} else {
				o = p.box.PushChain(&chain)
			}
			if !p.did(o) {
				p.refused += n - 1 // and one that did has counted
			}
		}
	})
}

// producer adds a thread that pushes n messages: 10*from, and so on.
func (p *prog) producer(name string, from, n int) {
	p.Go(name, func() {
		cache := p.cache()
		for k := range n {
			p.did(p.push(cache, 10*from+k))
		}
	})
}

func (p *prog) signal(name string, l Lane, e int) {
	p.Go(name, func() {
		if p.faulty.control != nil {
			p.did(p.faulty.control(&p.box, l, e))
			return
		}
		p.did(p.box.PushControl(l, e))
	})
}

// settle is what must hold in the end: n pushes have each come to one thing, those of one producer in order,
// and the consumer sleeps with nothing left to do.
func (p *prog) settle(n int) {
	p.End(func() {
		all := slices.Concat(p.handled, p.control, p.dropped)
		require.Equal(p, n, len(all)+p.refused, "%v handled, %v of control, %v dropped, %d refused: something is lost, or was there twice",
			p.handled, p.control, p.dropped, p.refused)
		slices.Sort(all)
		require.Equal(p, all, slices.Compact(slices.Clone(all)), "twice")
		last := map[int]int{}
		for _, m := range p.handled {
			require.GreaterOrEqual(p, m, last[m/10], "out of order: %v", p.handled)
			last[m/10] = m
		}
		require.False(p, p.awake, "the consumer is not asleep")
		require.Zero(p, p.box.Len())
		require.False(p, p.box.HasControl())
	})
}

// programs are what is proved; faulty is for the mutants.
var programs = map[string]struct {
	what string
	opts weave.Options
	make func(r *weave.Run, f faulty)
}{
	"push and sleep": {
		what: "one producer: exactly one Wake for each time that the consumer sleeps, none lost",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.producer("push", 1, 4)
			p.settle(4)
		},
	},
	"push, push and pop": {
		what: "two producers: each message once, in the producer's order, one of them wakes",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.producer("push a", 1, 2)
			p.producer("push b", 2, 2)
			p.settle(4)
		},
	},
	"chain and sleep": {
		what: "a chain wakes once, and is there whole or not at all",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.chain("chain", 1, 2)
			p.settle(4)
		},
	},
	"chain, push and pop": {
		what: "a chain and the pushes of another: each message once, in its producer's order, and nothing within a chain",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.chain("chain", 1, 2)
			p.producer("push", 2, 2)
			p.settle(6)
			p.End(func() {
				for _, first := range []int{10, 12} {
					at := slices.Index(p.handled, first)
					require.Equal(p, first+1, p.handled[at+1], "within a chain: %v", p.handled)
				}
			})
		},
	},
	"chains": {
		what: "two producers of chains, and a signal",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.chain("chain a", 1, 2)
			p.chain("chain b", 2, 2)
			p.signal("signal", Signal, 9)
			p.settle(9)
		},
	},
	"Close and chain": {
		what: "a chain that is accepted comes out after Close too, whole; of one that is not nothing does",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.closeAt = 1
			p.chain("chain", 1, 2)
			p.producer("push", 2, 1)
			p.settle(5)
		},
	},
	"control lanes and sleep": {
		what: "an item of a control lane is not slept over, beside a message",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.signal("signal", Signal, 1)
			p.producer("push", 2, 2)
			p.settle(3)
		},
	},
	"two control lanes": {
		what: "items of two control lanes come out once, a Signal that was there first before a Stop",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.Go("signals", func() {
				p.did(p.box.PushControl(Signal, 1))
				p.did(p.box.PushControl(Stop, 2))
			})
			p.signal("stop", Stop, 3)
			p.settle(3)
			p.End(func() { require.Less(p, slices.Index(p.control, 1), slices.Index(p.control, 2)) })
		},
	},
	"Close and push": {
		what: "a push that is accepted comes out after Close too, one that is not does not",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.closeAt = 1
			p.producer("push a", 1, 2)
			p.producer("push b", 2, 1)
			p.settle(3)
		},
	},
	"Close and control": {
		what: "the same of control items",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 0, f)
			p.closeAt = 1
			p.producer("push", 1, 1)
			p.signal("signal", Signal, 2)
			p.settle(2)
		},
	},
	"bound 2": {
		what: "a ring across 2^64: full, room, wrap-around, and a message that is claimed but not published is not slept over",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 2, f)
			p.producer("push a", 1, 2)
			p.producer("push b", 2, 2)
			p.settle(4)
		},
	},
	"bound 3, drop oldest": {
		what: "a bound that is not the size, and producers that make room",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 3, f)
			for from := 1; from <= 2; from++ {
				p.Go("push", func() {
					for k := range 2 {
						for o := p.push(nil, 10*from+k); ; o = p.push(nil, 10*from+k) {
							if o != Full {
								p.did(o)
								break
							}
							if m, ok := p.box.PopOldest(); ok {
								p.dropped = append(p.dropped, m)
							} else {
								weave.Gosched()
							}
						}
					}
				})
			}
			p.settle(4)
			p.End(func() { require.LessOrEqual(p, p.box.Len(), 3) })
		},
	},
	"bound 2, one is dropped": {
		what: "the oldest goes while the consumer is about to sleep on it, and the newer one is not left lying",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 2, f)
			p.producer("push", 1, 3)
			p.Go("drop", func() {
				if m, ok := p.box.PopOldest(); ok {
					p.dropped = append(p.dropped, m)
				}
			})
			p.settle(3)
		},
	},
	"Close and bounded push": {
		what: "who pushes while the ring is closed is told Closed, or Late, or the consumer has it",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 2, f)
			p.closeAt = 1
			p.producer("push a", 1, 2)
			p.producer("push b", 2, 1)
			p.settle(3)
		},
	},
	"WaitRoom": {
		what: "who waits for room is woken when there is some, whoever else takes it",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 1, f)
			p.waiter("push a", 1, 2)
			p.waiter("push b", 2, 1)
			p.End(func() { require.Len(p, p.handled, 3) })
		},
	},
	"WaitRoom and Close": {
		what: "who waits for room is woken at Close",
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 1, f)
			p.closeAt = 1
			p.waiter("push a", 1, 2)
			p.waiter("push b", 2, 2)
			p.End(func() { require.Equal(p, 4, len(p.handled)+len(p.dropped)+p.refused) })
		},
	},
	"WaitRoom and cancel": {
		what: "a waiter whose context ends does not wait, and takes no wakeup from another",
		opts: weave.Options{Full: true}, // the context is not of package weave
		make: func(r *weave.Run, f faulty) {
			p := newProg(r, 1, f)
			ctx, cancel := context.WithCancel(context.Background())
			p.did(p.push(nil, 10))
			p.Go("wait", func() {
				if p.box.WaitRoom(ctx) == nil {
					p.did(p.push(nil, 11))
				}
			})
			p.Go("cancel", func() { weave.Gosched(); cancel() })
			p.End(func() {
				require.Equal(p, 10, p.handled[0])
				require.Zero(p, p.box.ring.room.waiting.Load())
			})
		},
	},
}

// waiter adds a producer that waits for room.
func (p *prog) waiter(name string, from, n int) {
	p.Go(name, func() {
		for k := range n {
			o := p.push(nil, 10*from+k)
			for ; o == Full; o = p.push(nil, 10*from+k) {
				if p.wait != nil {
					require.NoError(p, p.wait(p.box.ring))
				} else {
					require.NoError(p, p.box.WaitRoom(context.Background()))
				}
			}
			p.did(o)
		}
	})
}

func TestInterleave(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		program := programs[name]
		t.Run(name, func(t *testing.T) {
			t.Log(program.what)
			weave.Explore(t, program.opts, func(r *weave.Run) { program.make(r, faulty{}) })
		})
	}
}

// More producers than can be gone through, and both kinds of lanes, at random.
func TestInterleaveAtRandom(t *testing.T) {
	for name, bound := range map[string]int{"unbounded": 0, "bound 2": 2, "bound 3": 3} {
		t.Run(name, func(t *testing.T) {
			weave.Explore(t, weave.Options{Random: 5000, Depth: 4}, func(r *weave.Run) {
				p := newProg(r, bound, faulty{})
				p.closeAt = 5
				for from := 1; from <= 4; from++ {
					p.producer("push", from, 3)
				}
				p.signal("signal", Signal, 1)
				p.signal("stop", Stop, 2)
				p.settle(14)
			})
		})
	}
}

// Batches of two nodes pass between caches and a pool of two: no node is lost to a second owner.
func TestInterleavePool(t *testing.T) {
	weave.Explore(t, weave.Options{}, func(r *weave.Run) {
		var pool Pool[int]
		var kept []*link // the pool holds batches by weak pointers: no collection may take one
		owned := map[*node[int]]bool{}
		for range 2 {
			r.Go("worker", func() {
				var cache Cache[int]
				var mine []*node[int]
				for range 2 {
					for range 2*batchSize + 1 {
						n := cache.get(&pool)
						r.Checkf(!owned[n], "a node has two owners")
						owned[n] = true
						kept = append(kept, &n.link)
						mine = append(mine, n)
					}
					for _, n := range mine {
						delete(owned, n)
						cache.put(&pool, n)
					}
					mine = nil
				}
			})
		}
		r.End(func() {
			require.LessOrEqual(r, pool.n, uint32(poolBatches))
			require.NotEmpty(r, kept)
		})
	})
}

// mutants are faults, each of which a program must find.
var mutants = map[string]struct {
	program string
	faulty  faulty
}{
	"Sleep does not look again": {"control lanes and sleep", faulty{sleep: func(b *Mailbox[int, int]) bool {
		return b.batch == nil && !b.HasControl() && b.word.CompareAndSwap(&awake, nil)
	}}},
	"Sleep does not look again, bounded": {"bound 2", faulty{sleep: func(b *Mailbox[int, int]) bool {
		return !b.ring.ready() && b.word.CompareAndSwap(&awake, nil)
	}}},
	"Sleep looks again, and goes on without the duty": {"control lanes and sleep", faulty{sleep: func(b *Mailbox[int, int]) bool {
		if b.batch != nil || b.HasControl() || !b.word.CompareAndSwap(&awake, nil) {
			return false
		}
		if b.control.Load() == nil {
			return true
		}
		b.word.CompareAndSwap(nil, &awake)
		return false
	}}},
	"Sleep stores instead of comparing": {"push and sleep", faulty{sleep: func(b *Mailbox[int, int]) bool {
		if b.batch != nil || b.word.Load() != &awake {
			return false
		}
		b.word.Store(nil)
		return true
	}}},
	"Sleep trusts a head that has moved": {"bound 2, one is dropped", faulty{sleep: func(b *Mailbox[int, int]) bool {
		if !b.word.CompareAndSwap(&awake, nil) {
			return false
		}
		if h := b.ring.head.Load(); b.ring.at(h).seq.Load() != h+writtenBit {
			return true
		}
		return !b.word.CompareAndSwap(nil, &awake)
	}}},
	"a dropped wake": {"bound 2", faulty{publish: func(b *Mailbox[int, int], at uint64, m int) Outcome {
		b.ring.publish(at, m)
		return Queued
	}}},
	"wake before publish": {"bound 2", faulty{publish: func(b *Mailbox[int, int], at uint64, m int) Outcome {
		o := b.published()
		b.ring.publish(at, m)
		return o
	}}},
	"nobody is Late": {"Close and bounded push", faulty{publish: func(b *Mailbox[int, int], at uint64, m int) Outcome {
		b.ring.publish(at, m)
		if b.Wake() {
			return Wake
		}
		return Queued
	}}},
	"a control item that wakes before it is there": {"control lanes and sleep", faulty{control: func(b *Mailbox[int, int], l Lane, e int) Outcome {
		o := Queued
		if b.Wake() {
			o = Wake
		}
		n := &(&node[event[int]]{value: event[int]{l, e}}).link
		push(&b.control, n, n, 1)
		return o
	}}},
	"a chain on top of a head that has moved": {"chain, push and pop", faulty{pushChain: func(b *Mailbox[int, int], ch *Chain[int]) Outcome {
		head := b.word.Load()
		ch.top.over(head, ch.bottom, ch.n)
		for !b.word.CompareAndSwap(head, ch.top) {
			head = b.word.Load()
		}
		if head == nil {
			return Wake
		}
		return Queued
	}}},
	"a chain link by link, and who was told Wake forgets it": {"chain and sleep", faulty{pushChain: func(b *Mailbox[int, int], ch *Chain[int]) Outcome {
		o := Queued
		for _, l := range []*link{ch.bottom, ch.top} {
			o = Queued
			if push(&b.word, l, l, 1) == nil {
				o = Wake
			}
		}
		return o
	}}},
	"a chain link by link, and another comes between": {"chain, push and pop", faulty{pushChain: func(b *Mailbox[int, int], ch *Chain[int]) Outcome {
		o := Queued
		for _, l := range []*link{ch.bottom, ch.top} {
			if push(&b.word, l, l, 1) == nil {
				o = Wake
			}
		}
		return o
	}}},
	"WaitRoom looks first and joins then": {"WaitRoom", faulty{wait: func(r *ring[int]) error {
		if r.full() {
			r.room.join(r.head.Load() + r.bound).Wait(nil)
		}
		return nil
	}}},
}

// The proofs can fail: each mutant is found.
func TestInterleaveMutants(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(mutants)) {
		m := mutants[name]
		t.Run(name, func(t *testing.T) {
			program := programs[m.program]
			require.NotNil(t, program.make)
			report := weave.Check(program.opts, func(r *weave.Run) { program.make(r, m.faulty) })
			require.NotNil(t, report.Failure, "%v", report)
			t.Logf("schedule %d, %d preemptions: %s", report.Schedules, report.Preemptions, report.Failure.What)
		})
	}
}
