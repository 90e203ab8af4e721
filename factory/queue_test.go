package factory_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/factory"
)

// one returns a factory of one worker that is busy with job 0.
func one(ctx context.Context, t *testing.T, g *gates, cfg factory.Config[task]) factory.Factory[task] {
	t.Helper()
	cfg.NewWorker, cfg.Workers = newTasker, 1
	f := spawn(ctx, t, cfg)
	require.NoError(t, f.Submit(ctx, g.job(0, "")))
	require.Equal(t, 0, g.next(t).id)
	return f
}

// FA13, FA14: by lanes, and first come, first served in each; a priority beyond
// the lanes is in the nearest one.
func TestFA13_FA14_Priorities(t *testing.T) {
	for _, prio := range []func(task) int{nil, prioOf} {
		ctx, _ := start(t)
		g := newGates()
		f := one(ctx, t, g, factory.Config[task]{Priority: prio})
		prios := []int{3, 0, 63, 1, 0, -7, 3, 1000, 1, 62}
		for i, p := range prios {
			j := g.job(1+i, "")
			j.prio = p
			require.NoError(t, f.Submit(ctx, j))
		}
		want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
		if prio != nil {
			want = []int{2, 5, 6, 4, 9, 1, 7, 10, 3, 8}
		}
		g.let(0, nil)
		for _, id := range want {
			require.Equal(t, id, g.next(t).id)
			g.let(id, nil)
		}
		require.NoError(t, f.Drain(ctx))
	}
}

// FA15: who comes to a full queue is refused, the essential are not.
func TestFA15_DiscardNewest(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	cfg := factory.Config[task]{Limit: 2, Essential: func(t task) bool { return t.prio == 9 }}
	x := record(&cfg)
	f := one(ctx, t, g, cfg)
	require.NoError(t, f.Submit(ctx, g.job(1, "")))
	require.NoError(t, f.Submit(ctx, g.job(2, "")))
	refused(t, f.Submit(ctx, g.job(3, "")), factory.Overload)
	essential := g.job(4, "")
	essential.prio = 9
	require.NoError(t, f.Submit(ctx, essential))
	st := balanced(t, f.Stats())
	require.EqualValues(t, 3, st.Queued)
	require.EqualValues(t, 1, st.Because(factory.Overload))
	require.Equal(t, []factory.Reason{factory.Overload}, x.reasons(3))
	for _, id := range []int{0, 1, 2, 4} {
		g.let(id, nil)
	}
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 4, balanced(t, f.Stats()).Done)
}

// FA16: 109 jobs, one under way, five queued, and the others shed from the
// front of the last lane.
func TestFA16_DiscardOldest(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	cfg := factory.Config[task]{Limit: 5, Discard: factory.Oldest, Priority: prioOf, Essential: func(task) bool { return true }}
	x := record(&cfg)
	f := one(ctx, t, g, cfg)
	for id := 1; id <= 8; id++ {
		j := g.job(id, "")
		j.prio = 1
		require.NoError(t, f.Submit(ctx, j))
	}
	for id := 1; id <= 3; id++ {
		require.Equal(t, []factory.Reason{factory.Overload}, x.reasons(id))
	}
	for id := 11; id <= 12; id++ { // better ones push out others
		require.NoError(t, f.Submit(ctx, g.job(id, "")))
	}
	worse := g.job(20, "")
	worse.prio = 2
	refused(t, f.Submit(ctx, worse), factory.Overload) // it would be its own victim
	g.let(0, nil)
	for _, id := range []int{11, 12, 6, 7, 8} {
		require.Equal(t, id, g.next(t).id)
		g.let(id, nil)
	}
	require.NoError(t, f.Drain(ctx))
	st := balanced(t, f.Stats())
	require.EqualValues(t, 6, st.Done)
	require.EqualValues(t, 6, st.Because(factory.Overload))
}

// FA17: without a queue an idle worker still gets a job.
func TestFA17_NoQueue(t *testing.T) {
	for _, rule := range []factory.Discard{factory.Newest, factory.Oldest} {
		ctx, _ := start(t)
		g := newGates()
		f := one(ctx, t, g, factory.Config[task]{Limit: factory.NoQueue, Discard: rule})
		refused(t, f.Submit(ctx, g.job(1, "")), factory.Overload)
		g.let(0, nil)
		reaches(t, f, func(st factory.Stats) bool { return st.Done == 1 })
		require.NoError(t, f.Submit(ctx, g.job(2, "")))
		g.let(2, nil)
		require.NoError(t, f.Drain(ctx))
	}
}

// FA18: where jobs wait at workers the limit is each worker's.
func TestFA18_LimitOfEachWorker(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 3, Limit: 2, Router: factory.RoundRobin()})
	for id := range 9 {
		require.NoError(t, f.Submit(ctx, g.job(id, "")))
	}
	for id := 9; id < 12; id++ {
		refused(t, f.Submit(ctx, g.job(id, "")), factory.Overload)
	}
	st := balanced(t, f.Stats())
	require.EqualValues(t, 3, st.InFlight)
	require.EqualValues(t, 6, st.Queued)
	for id := range 9 {
		g.let(id, nil)
	}
	require.NoError(t, f.Drain(ctx))
}
