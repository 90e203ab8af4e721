package factory_test

import (
	"context"
	"fmt"
	"iter"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/factory"
)

// looks is a Pool that counts what a router looks at.
type looks struct {
	size, n int
}

func (p *looks) Len() int                  { p.n++; return p.size }
func (p *looks) FirstIdle() int            { p.n++; return p.size - 1 }
func (p *looks) Holder(string) (int, bool) { p.n++; return 0, false }
func (p *looks) Waiting(int) int           { p.n++; return 0 }
func (p *looks) Idle() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range p.size {
			if p.n++; !yield(i) {
				return
			}
		}
	}
}

// Routing is O(1): however large the pool, a router looks at two things at most.
func TestCostOfRouting(t *testing.T) {
	for _, router := range []factory.Router{
		factory.Queuer(), factory.StickyQueuer(), factory.KeyPersistent(), factory.RoundRobin(),
		factory.Custom(func(key string, n int) int { return len(key) % n }),
	} {
		for _, size := range []int{1, factory.MaxWorkers} {
			p := &looks{size: size}
			const jobs = 1000
			for i := range jobs {
				w := router.Route(fmt.Sprint(i), p)
				require.GreaterOrEqual(t, w, 0)
				require.Less(t, w, size)
			}
			require.LessOrEqual(t, p.n, 2*jobs, "%v of %d", router, size)
		}
	}
}

// asked counts how often the factory asks its router.
type asked struct {
	factory.Router
	n *atomic.Int64
}

func (a asked) Route(key string, pool factory.Pool) int {
	a.n.Add(1)
	return a.Router.Route(key, pool)
}

// What a job costs does not depend on how many wait: the router is asked twice
// for one that comes (for the first that waits, and for itself), twice for one
// that goes (for itself, and for the next one, which stays), and not at all for
// one that expires.
func TestCostOfABacklog(t *testing.T) {
	for _, waiting := range []int{10, 10_000} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			var n atomic.Int64
			g := newGates()
			f := one(ctx, t, g, factory.Config[task]{Router: asked{factory.Queuer(), &n}, TTL: time.Hour})
			costs := func(most int, what string, do func()) {
				t.Helper()
				before := n.Load()
				do()
				synctest.Wait()
				require.LessOrEqual(t, n.Load()-before, int64(most), "%s, of %d", what, waiting)
			}
			costs(2*waiting, "jobs come", func() {
				for id := range waiting {
					require.NoError(t, f.Ref().Cast(ctx, task{id: 1 + id}))
				}
			})
			require.EqualValues(t, waiting, f.Stats().Queued)
			costs(0, "jobs expire", func() { time.Sleep(2 * time.Hour) })
			require.EqualValues(t, waiting, balanced(t, f.Stats()).Because(factory.Expired))
			costs(2*waiting, "jobs come again", func() {
				for id := range waiting {
					require.NoError(t, f.Ref().Cast(ctx, task{id: 1 + id}))
				}
			})
			costs(2*(waiting+1), "jobs go", func() { g.let(0, nil) })
			require.EqualValues(t, waiting+1, balanced(t, f.Stats()).Done)
			require.NoError(t, f.Drain(ctx))
		})
	}
}

// Expiry is O(log n): to enter an alarm, move it or take it out moves as many
// others as the heap is high, and one that comes after all others moves none.
func TestCostOfAnAlarm(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	const n = 1 << 14
	var g factory.Agenda
	alarms := make([]*factory.Alarm, n)
	places := make([]int, n)
	moved := func() (m int) {
		for i, a := range alarms {
			if a.Place() != places[i] {
				m++
			}
			places[i] = a.Place()
		}
		return m
	}
	for i := range alarms {
		alarms[i] = new(factory.Alarm)
	}
	for i := range alarms {
		g.Set(alarms[i], int64(i))
		if i%(n/64) == 0 {
			require.LessOrEqual(t, moved(), n/64, "none but the new ones")
		}
	}
	moved()
	high := bits.Len(n)
	for range 500 {
		i := rnd.IntN(n)
		if rnd.IntN(2) == 0 {
			g.Clear(alarms[i])
		} else {
			g.Set(alarms[i], rnd.Int64N(n))
		}
		require.LessOrEqual(t, moved(), 1+high)
	}
}
