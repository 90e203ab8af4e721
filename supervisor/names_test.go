package supervisor_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// slowToDie is in a callback when it is killed, until it is let go.
type slowToDie struct {
	in   chan<- struct{}
	free <-chan struct{}
}

func (s *slowToDie) Handle(*actor.Context[int], int) error {
	s.in <- struct{}{}
	<-s.free
	return nil
}

// A nested supervisor that was killed is followed by another one. Its children
// have the names of those who are still dying, and get them when these are gone.
func TestKilledSupervisor_NamesOfItsChildren(t *testing.T) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx := actor.WithSystem(context.Background(), sys)
	defer func() { require.NoError(t, sys.Shutdown(context.Background())) }()
	const n = 3
	in, free := make(chan struct{}), make(chan struct{})
	started := make(chan struct{}, 2*n)
	var group supervisor.Spec
	for i := range n {
		name := fmt.Sprintf("leaf %d", i)
		group.Children = append(group.Children, supervisor.Child{ID: name, Start: supervisor.Of(func() *slowToDie {
			started <- struct{}{}
			return &slowToDie{in, free}
		}, actor.Named(name))})
	}
	// One restart is allowed: the one of the group.
	top, err := supervisor.Spawn(ctx, supervisor.Spec{Children: []supervisor.Child{{ID: "group", Start: supervisor.Nested(group)}}})
	require.NoError(t, err)
	first, err := top.Child(ctx, "group")
	require.NoError(t, err)
	old := make([]actor.Ref[int], n)
	for i := range old {
		<-started
		old[i], err = actor.Whereis[int](ctx, fmt.Sprintf("leaf %d", i))
		require.NoError(t, err)
		require.NoError(t, old[i].Cast(ctx, 1))
		<-in
	}
	first.Kill()
	<-started // the next group has met the first name
	close(free)
	for i := range old {
		require.ErrorIs(t, old[i].Wait(ctx), actor.ErrKilled)
	}
	second, err := top.Child(ctx, "group") // it is asked when the restart is over
	require.NoError(t, err)
	require.False(t, second.Is(first))
	for i := range old {
		now, err := actor.Whereis[int](ctx, fmt.Sprintf("leaf %d", i))
		require.NoError(t, err)
		require.False(t, now.Is(old[i].Any()))
		require.True(t, now.Parent().Is(second))
	}
	require.NoError(t, top.StopAndWait(ctx))
}

// A name leads to its actor from before PreStart on (row N1): whoever knows it can
// kill a child that is just being started. That is a start that fails, and nothing
// is left of it; a restart that fails this way is tried anew.
func TestChildKilledInItsPreStart(t *testing.T) {
	bubble(t, func(w *world) {
		const name = "f"
		kills := 0 // so many starts are killed
		c := supervisor.Child{ID: name, Start: supervisor.Of(func() *probe {
			return &probe{w: w, id: name, preStart: func() error {
				if kills > 0 {
					kills--
					actor.ByName[do](w.ctx, name).Kill()
				}
				return nil
			}}
		}, actor.Named(name))}
		sup := w.spawn(supervisor.Spec{Intensity: plenty})

		kills = 1
		_, err := sup.StartChild(w.ctx, c)
		var start *supervisor.StartError
		require.ErrorAs(t, err, &start)
		require.ErrorIs(t, err, actor.ErrKilled)
		require.Empty(t, w.infos(sup))
		_, err = actor.Whereis[do](w.ctx, name)
		require.ErrorIs(t, err, actor.ErrNotFound)

		first, err := sup.StartChild(w.ctx, c)
		require.NoError(t, err)
		w.read()
		kills = 2
		w.tell(w.find(sup, name), boom)
		require.Equal(t, "+f +f +f", w.read(), "two that were killed, and one")
		require.Zero(t, kills)
		second, err := actor.Whereis[do](w.ctx, name)
		require.NoError(t, err)
		require.False(t, second.Is(first))
		require.True(t, second.Is(w.find(sup, name).Any()))
	})
}
