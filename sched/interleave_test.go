//go:build interleave

package sched

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/weave"
)

// Proofs: the real scheduler, in every order of its atomic operations. Run them with
//
//	go test -tags interleave -run Interleave -v ./sched
//
// Its carriers are threads of package weave, its time counts how often it was asked, and its clock does not run.

// house is a scheduler and what came of its tasks.
type house struct {
	*weave.Run
	*Scheduler

	tasks []*unit
}

// unit is a task that counts its turns, each of which has a choice point in it.
type unit struct {
	Task

	h     *house
	turn  func(c *Carrier) bool // nil: once is enough
	word  weave.Uint32
	inUse bool
	ran   int
}

func (u *unit) Turn(c *Carrier) bool {
	u.h.Checkf(!u.inUse, "two workers run one task")
	u.inUse = true
	u.ran++
	u.word.Add(1)
	again := u.turn != nil && u.turn(c)
	u.inUse = false
	return again
}

func (u *unit) Crashed(*Carrier, any, []byte) bool { return false }

func newHouse(r *weave.Run, cfg Config) *house {
	cfg.QueueSize = 2
	spin := cfg.SpinRounds
	cfg, err := cfg.Resolve()
	require.NoError(r, err)
	cfg.SpinRounds = spin // 0 unless the program says otherwise: one look, then park
	h := &house{Run: r, Scheduler: prepare(cfg)}
	var now time.Duration
	h.now = func() time.Duration { now += time.Millisecond; return now }
	carriers := 0
	h.spawn = func(f func()) error {
		carriers++
		r.Daemon(fmt.Sprint("carrier ", carriers), f)
		return nil
	}
	return h
}

// hireAll begins the workers' work; the carriers are the first threads.
func (h *house) hireAll() {
	for range h.cfg.Workers {
		h.hire()
	}
}

func (h *house) unit(turn func(c *Carrier) bool) *unit {
	u := &unit{h: h, turn: turn}
	u.Runner = u
	h.tasks = append(h.tasks, u)
	return u
}

// units makes n tasks of one turn.
func (h *house) units(n int) (us []*unit) {
	for range n {
		us = append(us, h.unit(nil))
	}
	return us
}

// pair makes a task whose turn waits for another task's, without telling the scheduler.
func (h *house) pair() (waits, opens *unit) {
	gate := weave.NewGate()
	waits = h.unit(func(*Carrier) bool { return !gate.Wait(nil) })
	opens = h.unit(func(*Carrier) bool { gate.Open(); return false })
	return waits, opens
}

// submitter adds a thread that submits tasks from outside.
func (h *house) submitter(us ...*unit) {
	h.Go("submit", func() {
		for _, u := range us {
			h.Submit(&u.Task)
		}
	})
}

// guest adds a thread that brings tasks, as a guest if there is a worker for it.
func (h *house) guest(us ...*unit) {
	h.Go("guest", func() {
		reliefs := 0
		g := h.NewGuest(func() { reliefs++ })
		entered := g.Enter()
		for _, u := range us {
			h.Submit(&u.Task)
		}
		relieved := 0
		if entered && g.Leave() {
			relieved = 1
		}
		h.Checkf(reliefs == relieved, "told %d times to start another one, and %d times to end", reliefs, relieved)
	})
}

// closer adds the monitor's thread, as far as Close has to do with it: without ticks, which would help it.
func (h *house) closer() {
	h.Go("monitor", func() {
		for !h.closing.Load() {
			h.monitor.kicked.Take()
		}
		require.Zero(h, h.sendHome())
	})
}

// settle is what must hold in the end: each task has had its turns, and the books are right.
func (h *house) settle(turns int) {
	h.Run.End(func() {
		for i, u := range h.tasks {
			require.Equal(h, turns, u.ran, "turns of task %d: it is forgotten while all workers sleep, or ran twice", i)
		}
		require.Zero(h, h.searching.Load(), "searching")
		require.EqualValues(h, len(*h.workers.Load()), h.idle.n.Load(), "workers that are parked")
		require.Len(h, h.idle.ws, int(h.idle.n.Load()))
		require.False(h, h.anyWork())
		require.Zero(h, h.waiters.Load())
	})
}

var programs = map[string]struct {
	what string
	opts weave.Options
	make func(r *weave.Run)
}{
	"submit and park, 1 worker": {
		what: "the two lists at the head of park.go: a task that comes while its only worker parks is not forgotten",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			h.hireAll()
			us := h.units(2)
			h.submitter(us[0])
			h.submitter(us[1])
			h.settle(1)
		},
	},
	"submit and spin, 1 worker": {
		what: "the same with a worker that looks twice, and lets others run in between",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1, SpinRounds: 1})
			h.hireAll()
			h.submitter(h.units(2)...)
			h.settle(1)
		},
	},
	"submit and park, 2 workers": {
		what: "the same with two workers that park, search, and rely on each other",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2})
			h.hireAll()
			h.submitter(h.unit(nil))
			h.settle(1)
		},
	},
	"submit to sleepers": {
		what: "two submitters and two workers that sleep at first: the first wake counts for both, or there are two",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2})
			h.hireAll()
			h.Settle()
			us := h.units(2)
			h.submitter(us[0])
			h.submitter(us[1])
			h.settle(1)
		},
	},
	"one turn waits for another": {
		what: "who leaves a task behind wakes somebody for it, so that nobody needs the monitor",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2})
			h.hireAll()
			h.Settle()
			waits, opens := h.pair()
			h.submitter(waits)
			h.submitter(opens)
			h.settle(1)
		},
	},
	"a turn submits": {
		what: "run-next, what it displaces, and the thief that is woken for that",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2})
			us := h.units(2)
			root := h.unit(func(c *Carrier) bool {
				for _, u := range us {
					c.Submit(&u.Task)
				}
				return false
			})
			h.inject(&root.Task)
			h.hireAll()
			h.settle(1)
		},
	},
	"a full ring": {
		what: "a ring of two that sheds its older half into the global queue",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			us := h.units(4)
			root := h.unit(func(c *Carrier) bool {
				for _, u := range us {
					c.Submit(&u.Task)
				}
				return false
			})
			h.inject(&root.Task)
			h.hireAll()
			h.submitter(h.unit(nil))
			h.settle(1)
		},
	},
	"again": {
		what: "a task that wants more turns gets them one at a time, beside one from outside",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2})
			var u *unit
			u = h.unit(func(*Carrier) bool { return u.ran < 3 })
			h.inject(&u.Task)
			h.hireAll()
			h.settle(3)
		},
	},
	"Block": {
		what: "a turn that waits for another task hands its only worker to a new carrier, then to one that rests",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			opener := func() (*unit, weave.Gate) {
				gate := weave.NewGate()
				return h.unit(func(*Carrier) bool { gate.Open(); return false }), gate
			}
			for range 2 {
				u, gate := opener()
				waiting := h.unit(func(c *Carrier) bool {
					c.Submit(&u.Task)
					require.NoError(r, c.block(func() { gate.Wait(nil) }))
					return false
				})
				h.inject(&waiting.Task)
			}
			h.hireAll()
			h.settle(1)
			h.Run.End(func() { require.LessOrEqual(r, len(h.carriers.all), 3) })
		},
	},
	"Block, woken from outside": {
		what: "the waker does not know the scheduler; what is submitted meanwhile runs",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			gate := weave.NewGate()
			waiting := h.unit(func(c *Carrier) bool {
				require.NoError(r, c.block(func() { gate.Wait(nil) }))
				return false
			})
			h.inject(&waiting.Task)
			h.hireAll()
			u := h.unit(nil)
			h.Go("outside", func() { gate.Open(); h.Submit(&u.Task) })
			h.settle(1)
		},
	},
	"MaxWaiters": {
		what: "of two that would wait one is refused, and the count comes back to zero",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2, MaxWaiters: 1})
			gate := weave.NewGate()
			refused := 0
			for range 2 {
				u := h.unit(func(c *Carrier) bool {
					if c.block(func() { gate.Wait(nil) }) != nil {
						refused++
						gate.Open()
					}
					return false
				})
				h.inject(&u.Task)
			}
			h.hireAll()
			h.settle(1)
			h.Run.End(func() { require.Equal(r, 1, refused) })
		},
	},
	"Close and submit": {
		what: "what was submitted before Close runs, and then all carriers end",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			h.hireAll()
			before := h.unit(nil)
			h.Go("close", func() {
				h.Submit(&before.Task)
				h.Close()
			})
			h.closer()
			h.Run.End(func() {
				require.Equal(r, 1, before.ran)
				require.Empty(r, h.carriers.all)
			})
		},
	},
	"Close and Block": {
		what: "a turn that waits is waited for, and its carrier does not rest then",
		opts: weave.Options{Bound: 2}, // four threads
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			gate := weave.NewGate()
			u := h.unit(func(c *Carrier) bool { return c.block(func() { gate.Wait(nil) }) != nil })
			h.inject(&u.Task)
			h.hireAll()
			h.Go("close", func() { h.Close(); gate.Open() })
			h.closer()
			h.Run.End(func() {
				require.Equal(r, 1, u.ran)
				require.Empty(r, h.carriers.all)
			})
		},
	},
	"Fence": {
		what: "a carrier that is written off while its turn ends: it leaves, or it goes on and is not written off; its worker goes on in either case",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			alive := fencedAlive.Load()
			var carrier weave.Pointer[Carrier]
			u := h.unit(func(c *Carrier) bool { carrier.Store(c); return false })
			other := h.unit(nil)
			h.inject(&u.Task)
			h.inject(&other.Task)
			h.hireAll()
			h.Go("fence", func() {
				if c := carrier.Load(); c != nil && c.Fence(&u.Task) {
					r.Checkf(!c.Fence(&u.Task), "fenced twice")
				}
			})
			h.settle(1)
			h.Run.End(func() { fencedAlive.Store(alive) })
		},
	},
	"a spare retires": {
		what: "a worker that is told to leave while a task comes: the task is not left with it",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2})
			h.hireAll()
			h.Settle()
			h.cfg.Workers = 1
			h.Go("monitor", func() { h.monitor.adjust(0, false) })
			h.submitter(h.unit(nil))
			h.settle(1)
		},
	},
	"a guest": {
		what: "a guest takes the only worker while a task comes: the submitter relies on a worker that the guest has, or on one that it gives back",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			h.hireAll()
			h.Settle()
			h.guest(h.units(2)...)
			h.submitter(h.unit(nil))
			h.settle(1)
		},
	},
	"two guests": {
		what: "the same with two of them, of which one takes the worker that the other has given back, with a task",
		opts: weave.Options{Bound: 2},
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			h.hireAll()
			h.Settle()
			for range 2 {
				var u *unit
				u = h.unit(func(*Carrier) bool { return u.ran < guestTurns+1 })
				h.guest(u)
			}
			h.settle(guestTurns + 1)
		},
	},
	"a guest waits": {
		what: "a guest's turn that waits for another task hands the worker on, and the guest is relieved once",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			h.hireAll()
			h.Settle()
			gate := weave.NewGate()
			opens := h.unit(func(*Carrier) bool { gate.Open(); return false })
			h.guest(h.unit(func(c *Carrier) bool {
				c.Submit(&opens.Task)
				require.NoError(r, c.block(func() { gate.Wait(nil) }))
				return false
			}))
			h.submitter(h.unit(nil))
			h.settle(1)
		},
	},
	"a guest is replaced": {
		what: "the monitor finds it stuck while its turn ends: it is relieved, or it has left and is not",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			h.hireAll()
			h.Settle()
			var g weave.Pointer[Guest]
			reliefs, wasRelieved := 0, 0
			h.units(2)
			h.Go("guest", func() {
				me := h.NewGuest(func() { reliefs++ })
				g.Store(me)
				for _, u := range h.tasks {
					entered := me.Enter()
					h.Submit(&u.Task)
					if entered && me.Leave() {
						wasRelieved++
						break
					}
				}
			})
			h.Go("monitor", func() {
				if me := g.Load(); me != nil {
					me.replace()
				}
			})
			h.Run.End(func() {
				require.Equal(r, wasRelieved, reliefs)
				require.Equal(r, 1, h.tasks[0].ran)
				require.True(r, h.tasks[1].ran == 1 || wasRelieved == 1)
				require.EqualValues(r, 1, h.idle.n.Load())
			})
		},
	},
	"a guest and Close": {
		what: "Close waits for a guest, and the worker that it gives back ends",
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 1})
			h.hireAll()
			h.Settle()
			before := h.unit(nil)
			h.Go("guest", func() {
				g := h.NewGuest(func() { r.Checkf(false, "relieved for nothing") })
				entered := g.Enter()
				if entered {
					h.Submit(&before.Task)
					g.Leave()
				} else {
					before.ran++ // after Close nobody would run it
				}
			})
			h.Go("close", func() { h.Close() })
			h.closer()
			h.Run.End(func() {
				require.Equal(r, 1, before.ran)
				require.Empty(r, h.carriers.all)
			})
		},
	},
	"an answer and a conviction": {
		what: "a worker that is held up while it answers the monitor does not wipe a later mark, or its next turn would be stuck and nobody know",
		make: func(r *weave.Run) { convicted(r, (*Worker).tick) },
	},
	"a stuck worker": {
		what: "a turn that waits without telling: the monitor, even if it was about to sleep, finds it, and a thief takes its run-next slot",
		opts: weave.Options{Random: 5000}, // four threads, of which one ticks
		make: func(r *weave.Run) {
			h := newHouse(r, Config{Workers: 2, MaxSpares: 1})
			gate := weave.NewGate()
			u := h.unit(func(*Carrier) bool { gate.Open(); return false })
			stuck := h.unit(func(c *Carrier) bool {
				c.Submit(&u.Task)
				gate.Wait(nil)
				return false
			})
			h.hireAll()
			h.Daemon("monitor", func() {
				for {
					weave.Gosched()
					h.monitor.tick()
					if h.monitor.quiet >= quietTicks {
						h.monitor.sleep()
					}
				}
			})
			h.submitter(stuck)
			h.Run.End(func() {
				require.Equal(r, 1, u.ran)
				require.False(r, stuck.inUse)
			})
		},
	},
}

// convicted has a worker answer the monitor once, by tick, and then be in a turn for ever.
func convicted(r *weave.Run, tick func(w *Worker)) {
	h := newHouse(r, Config{Workers: 1})
	h.spawn = func(func()) error { return nil }
	h.hireAll()
	w := (*h.workers.Load())[0]
	w.asked.Store(true)
	r.Go("worker", func() { tick(w) })
	r.Go("monitor", func() {
		for range 3 {
			h.monitor.tick()
		}
	})
	h.Run.End(func() {
		for range 3 {
			h.monitor.tick()
		}
		require.True(r, w.stuck())
		require.True(r, w.stalled)
	})
}

func TestInterleave(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		program := programs[name]
		t.Run(name, func(t *testing.T) {
			t.Log(program.what)
			weave.Explore(t, program.opts, program.make)
		})
	}
}

// More workers and submitters than can be gone through, at random.
func TestInterleaveAtRandom(t *testing.T) {
	weave.Explore(t, weave.Options{Random: 3000, Depth: 4}, func(r *weave.Run) {
		h := newHouse(r, Config{Workers: 3})
		h.hireAll()
		for range 3 {
			us := h.units(2)
			root := h.unit(func(c *Carrier) bool {
				for _, u := range us {
					c.Submit(&u.Task)
				}
				return false
			})
			h.submitter(root, h.unit(nil))
		}
		h.settle(1)
	})
}

// ringProg is a run queue between its worker and thieves.
type ringProg struct {
	*weave.Run

	q     *queue
	tasks []Task
	own   chain // what the owner has taken; its links are its own
	owns  int
	taken map[*Task]int
}

func newRingProg(r *weave.Run, size, tasks int) *ringProg {
	p := &ringProg{Run: r, q: NewQueue(size), tasks: make([]Task, tasks), taken: map[*Task]int{}}
	p.q.At(math.MaxUint32 - 1) // wraps around with the second task
	r.End(func() {
		for !p.q.empty() {
			p.all(p.q.half())
		}
		p.one(p.q.takeNext())
		p.all(p.own, p.owns)
		for i := range p.tasks {
			require.Equal(r, 1, p.taken[&p.tasks[i]], "task %d was taken so often", i)
		}
	})
	return p
}

func (p *ringProg) one(t *Task) {
	if t != nil {
		p.taken[t]++
	}
}

func (p *ringProg) all(c chain, n int) {
	for t := c.pop(); t != nil; t = c.pop() {
		p.one(t)
		n--
	}
	p.Checkf(n == 0, "the chain is not as long as it says: %d", n)
}

// pop is the owner's.
func (p *ringProg) pop() {
	if t := p.q.pop(); t != nil {
		p.own.add(t)
		p.owns++
	}
}

// owner pushes the tasks from the given one on, and takes one when the ring is full and after every second.
func (p *ringProg) owner(from int) {
	p.Go("owner", func() {
		for i := from; i < len(p.tasks); i++ {
			for !p.q.push(&p.tasks[i]) {
				p.pop()
			}
			if i%2 == 1 {
				p.pop()
			}
		}
		if p.q.empty() {
			p.q.forget()
		}
	})
}

type thief func(q *queue) (chain, int)

var rings = map[string]struct {
	what string
	make func(r *weave.Run, half thief)
}{
	"push, pop and steal, ring of 2": {"each task goes to one of them", func(r *weave.Run, half thief) {
		p := newRingProg(r, 2, 4)
		p.owner(0)
		p.Go("thief", func() { p.all(half(p.q)); p.all(half(p.q)) })
	}},
	"push, pop and steal, ring of 4": {"the same where a thief takes two at a time", func(r *weave.Run, half thief) {
		p := newRingProg(r, 4, 6)
		for i := range 3 {
			p.q.push(&p.tasks[i])
		}
		p.owner(3)
		p.Go("thief", func() { p.all(half(p.q)); p.all(half(p.q)) })
	}},
	"two thieves": {"the same with two of them", func(r *weave.Run, half thief) {
		p := newRingProg(r, 2, 3)
		p.owner(0)
		for range 2 {
			p.Go("thief", func() { p.all(half(p.q)) })
		}
	}},
	"run-next": {"a task in the run-next slot goes to its worker or to one thief, or is displaced", func(r *weave.Run, _ thief) {
		p := newRingProg(r, 2, 3)
		p.Go("owner", func() {
			for i := range p.tasks {
				if old := p.q.next.Swap(&p.tasks[i]); old != nil {
					p.one(old)
				}
			}
			p.one(p.q.takeNext())
		})
		for range 2 {
			p.Go("thief", func() { p.one(p.q.takeNext()) })
		}
	}},
}

func TestInterleaveRing(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(rings)) {
		ring := rings[name]
		t.Run(name, func(t *testing.T) {
			t.Log(ring.what)
			weave.Explore(t, weave.Options{}, func(r *weave.Run) { ring.make(r, (*queue).half) })
		})
	}
}

// globalProg is a global queue with one who pushes single tasks and one who spills two, and takers that go on
// until the queue is empty.
func globalProg(r *weave.Run, takers int) {
	var g global
	tasks := make([]Task, 4)
	index := map[*Task]int{}
	for i := range tasks {
		index[&tasks[i]] = i
	}
	var order []int
	taking := false
	take := func(c chain, n int) {
		for t := c.pop(); t != nil; t = c.pop() {
			order = append(order, index[t])
			n--
		}
		r.Checkf(n == 0, "the chain is not as long as it says")
	}
	drain := func() {
		for !g.empty() {
			taking = true
			take(g.poll(2))
			take(g.pop(2, 2))
			taking = false
		}
	}
	r.Go("push", func() {
		g.push(&tasks[0])
		g.push(&tasks[1])
		if takers == 1 {
			empty := g.empty()
			r.Checkf(!empty || taking || len(order) > 1, "empty, though nobody has taken what was pushed")
		}
	})
	r.Go("spill", func() {
		var c chain
		c.add(&tasks[2])
		c.add(&tasks[3])
		g.pushChain(c, 2)
	})
	for range takers {
		r.Go("take", drain)
	}
	r.End(func() {
		drain()
		sorted := slices.Sorted(slices.Values(order))
		require.Equal(r, []int{0, 1, 2, 3}, sorted, "each once")
		if takers == 1 {
			require.Less(r, slices.Index(order, 0), slices.Index(order, 1), "oldest first: %v", order)
		}
		require.Zero(r, g.len())
	})
}

// The global queue: push against turnOver and pop, and spilled batches.
func TestInterleaveGlobal(t *testing.T) {
	weave.Explore(t, weave.Options{}, func(r *weave.Run) { globalProg(r, 1) })
	weave.Explore(t, weave.Options{Bound: 2}, func(r *weave.Run) { globalProg(r, 2) }) // four threads
}

// worker is what a carrier does, as far as the mutants need it, with a search and a wake that can be wrong.
func (h *house) worker(w *Worker, search func(w *Worker) *Task) {
	c := &Carrier{s: h.Scheduler, worker: w}
	w.carrier.Store(c)
	h.Daemon("worker", func() {
		for {
			t := w.own()
			if t == nil {
				t = search(w)
			}
			c.begin(t)
			c.settle(t, t.Runner.Turn(c))
		}
	})
}

// bare makes a house whose workers run search, and whose submitters queue and then wake. With one worker there
// are two tasks, with two workers the one waits for the other.
func bare(r *weave.Run, workers int, search func(w *Worker) *Task, wake func(s *Scheduler)) {
	h := newHouse(r, Config{Workers: workers})
	h.spawn = func(func()) error { return nil }
	h.hireAll()
	for _, w := range *h.workers.Load() {
		h.worker(w, search)
	}
	if workers == 1 {
		h.units(2)
	} else {
		h.Settle()
		h.pair()
	}
	for _, u := range h.tasks {
		h.Go("submit", func() {
			h.global.push(&u.Task)
			wake(h.Scheduler)
		})
	}
	h.settle(1)
}

// searches is Worker.search without closing and without spinning, with a step that is wrong in the mutants.
func searches(announce, again bool, found func(s *Scheduler)) func(w *Worker) *Task {
	return func(w *Worker) *Task {
		s := w.s
		s.searching.Add(1)
		for {
			if t := w.look(); t != nil {
				found(s)
				return t
			}
			if announce {
				s.idle.add(w)
			}
			s.searching.Add(-1)
			work := s.anyWork()
			if !announce {
				s.idle.add(w)
			}
			if again && work && s.idle.take(w) {
				s.searching.Add(1)
				continue
			}
			w.wakeup.Take()
		}
	}
}

func stolen(q *queue, check bool, take func(q *queue, head, n uint32) bool) (chain, int) {
	for {
		head := q.head.Load()
		n := q.tail.Load() - head
		if check && n > uint32(len(q.ring)) {
			continue
		}
		if n -= n / 2; n == 0 {
			return chain{}, 0
		}
		var c chain
		for i := range n {
			c.add(q.ring[(head+i)&q.mask()].Load()) // written before the tasks are ours
		}
		if take(q, head, n) {
			return c, int(n)
		}
	}
}

// mutants are faults, each of which a program must find.
var mutants = map[string]func(r *weave.Run){
	"a worker that sleeps without a second look": func(r *weave.Run) {
		bare(r, 1, searches(true, false, (*Scheduler).found), (*Scheduler).wake)
	},
	"a worker that looks first and says then that it sleeps": func(r *weave.Run) {
		bare(r, 1, searches(false, true, (*Scheduler).found), (*Scheduler).wake)
	},
	"a searcher that has found something and wakes nobody": func(r *weave.Run) {
		bare(r, 2, searches(true, true, func(s *Scheduler) { s.searching.Add(-1) }), (*Scheduler).wake)
	},
	"a dropped wake": func(r *weave.Run) {
		bare(r, 1, searches(true, true, (*Scheduler).found), func(*Scheduler) {})
	},
	"a waker that counts itself and finds nobody": func(r *weave.Run) {
		bare(r, 1, searches(true, true, (*Scheduler).found), func(s *Scheduler) {
			if s.searching.Load() == 0 && s.idle.n.Load() != 0 && s.searching.CompareAndSwap(0, 1) {
				if w := s.idle.pop(); w != nil {
					w.wakeup.Put(wake)
				}
			}
		})
	},
	"a turn that waits and keeps its worker": func(r *weave.Run) {
		h := newHouse(r, Config{Workers: 1})
		gate := weave.NewGate()
		u := h.unit(func(*Carrier) bool { gate.Open(); return false })
		waiting := h.unit(func(c *Carrier) bool {
			c.Submit(&u.Task)
			gate.Wait(nil)
			return false
		})
		h.inject(&waiting.Task)
		h.hireAll()
		h.settle(1)
	},
	"an answer that wipes the mark": func(r *weave.Run) { // as it was until this test found it
		convicted(r, func(w *Worker) {
			w.asked.Store(false)
			if w.counts.stuck.Load() {
				w.counts.stuck.Store(false)
			}
		})
	},
	"a fence without a second look": func(r *weave.Run) {
		h := newHouse(r, Config{Workers: 1})
		alive := fencedAlive.Load()
		var carrier weave.Pointer[Carrier]
		u := h.unit(func(c *Carrier) bool { carrier.Store(c); return false })
		other := h.unit(func(c *Carrier) bool { r.Checkf(!c.Fenced(), "the wrong turn is fenced"); return false })
		h.inject(&u.Task)
		h.inject(&other.Task)
		h.hireAll()
		h.Go("fence", func() {
			if c := carrier.Load(); c != nil && c.task.Load() == &u.Task {
				c.fence.CompareAndSwap(nil, &other.Task) // whatever runs by now
			}
		})
		h.Run.End(func() { fencedAlive.Store(alive) })
	},
	"a steal that links before its swap": func(r *weave.Run) {
		rings["push, pop and steal, ring of 4"].make(r, func(q *queue) (chain, int) {
			return stolen(q, true, func(q *queue, head, n uint32) bool { return q.head.CompareAndSwap(head, head+n) })
		})
	},
	"a steal that stores instead of swapping": func(r *weave.Run) {
		rings["push, pop and steal, ring of 2"].make(r, func(q *queue) (chain, int) {
			return stolen(q, true, func(q *queue, head, n uint32) bool { q.head.Store(head + n); return true })
		})
	},
	"a steal that trusts two loads of different times": func(r *weave.Run) {
		rings["push, pop and steal, ring of 2"].make(r, func(q *queue) (chain, int) {
			return stolen(q, false, func(q *queue, head, n uint32) bool { return q.head.CompareAndSwap(head, head+n) })
		})
	},
}

// The proofs can fail: each mutant is found.
func TestInterleaveMutants(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(mutants)) {
		t.Run(name, func(t *testing.T) {
			report := weave.Check(weave.Options{Limit: 100_000}, mutants[name])
			require.NotNil(t, report.Failure, "%v", report)
			t.Logf("schedule %d, %d preemptions: %s", report.Schedules, report.Preemptions, report.Failure.What)
		})
	}
}

// The mutants' parts without their faults are well: it is the faults that are found.
func TestInterleaveWithoutMutation(t *testing.T) {
	weave.Explore(t, weave.Options{}, func(r *weave.Run) {
		bare(r, 1, searches(true, true, (*Scheduler).found), (*Scheduler).wake)
	})
	weave.Explore(t, weave.Options{Bound: 2}, func(r *weave.Run) {
		bare(r, 2, searches(true, true, (*Scheduler).found), (*Scheduler).wake)
	})
}
