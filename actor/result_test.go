package actor_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// gatherer is the parent of workers that cast one result each and end; it has
// them all at once.
type gatherer struct {
	n           int
	results     []int // by worker
	downs       []int
	ended       int
	early, odd  []error
	terminated  int // heard as a parent
	done        chan struct{}
	unmonitored actor.MonitorID
}

func (g *gatherer) PostStart(ctx *actor.Context[result]) error {
	for i := range g.n {
		w, err := actor.SpawnLinked(ctx, &ender{number: i, to: ctx.Self()})
		if err != nil {
			return err
		}
		ctx.MonitorMsg(w.Any(), func(d actor.Down) result { return result{worker: i, down: true, err: d.Err} })
		if i == 0 { // one more monitor, which is taken back
			g.unmonitored = ctx.MonitorMsg(w.Any(), func(actor.Down) result { return result{worker: i, down: true} })
		}
		if err := w.Cast(ctx, struct{}{}); err != nil {
			return err
		}
	}
	ctx.Demonitor(g.unmonitored)
	return nil
}

func (g *gatherer) Handle(_ *actor.Context[result], m result) error {
	if !m.down {
		g.results[m.worker]++
		return nil
	}
	if g.results[m.worker] != 1 {
		g.early = append(g.early, fmt.Errorf("worker %d: Down after %d results", m.worker, g.results[m.worker]))
	}
	if want := endErrors[m.worker%len(endErrors)]; !errors.Is(m.err, want) {
		g.odd = append(g.odd, fmt.Errorf("worker %d: %w, want %w", m.worker, m.err, want))
	}
	g.downs[m.worker]++
	if g.ended++; g.ended == g.n {
		close(g.done)
	}
	return nil
}

// HandleSupervision keeps a worker's failure from being the parent's.
func (g *gatherer) HandleSupervision(_ *actor.Context[result], ev actor.Event) error {
	if ev.Kind != actor.Started {
		g.terminated++
	}
	return nil
}

// ender casts its result and ends, in a way of its own.
type ender struct {
	number int
	to     actor.Ref[result]
}

var endErrors = []error{nil, nil, nil, errTest, errTest, actor.ErrKilled}

func (e *ender) Handle(ctx *actor.Context[struct{}], _ struct{}) error {
	if err := e.to.Cast(ctx, result{worker: e.number}); err != nil {
		return err
	}
	switch e.number % len(endErrors) {
	case 3:
		return errTest
	case 4:
		panic(errTest)
	case 5:
		ctx.Self().Kill()
	default:
		ctx.Stop()
	}
	return nil
}

// P9: 100,000 workers, all there at once, that cast their result to their parent
// and stop, fail, panic or are killed: to the parent no Down comes before its
// worker's result, and of each there is exactly one. smaller makes them fewer
// under the race detector.
func TestP9_AParentHearsTheResultFirst(t *testing.T) {
	n := smaller(100_000)
	ctx, sys := newSystem(t, actor.Config{})
	g := &gatherer{n: n, results: make([]int, n), downs: make([]int, n), done: make(chan struct{})}
	r := spawn(t, ctx, g)
	recv(t, g.done)
	eventually(t, func() bool { return sys.Stats().Live == 1 }, "all workers have ended")
	require.Zero(t, actor.Watching(r.Any()))
	require.NoError(t, r.DrainAndWait(ctx))
	require.NoError(t, errors.Join(g.early...))
	require.NoError(t, errors.Join(g.odd...))
	for i := range n {
		require.Equal(t, 1, g.results[i], i)
		require.Equal(t, 1, g.downs[i], i)
	}
	require.Equal(t, n, g.terminated, "as a parent it hears of each once more")
}
