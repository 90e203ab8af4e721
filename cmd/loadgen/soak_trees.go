package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// soakTrees has a tree of supervisors, one of each strategy, whose children
// panic, fail and are killed, and a dynamic supervisor whose children come and
// go. After each round everybody has to be there again and to answer.
type soakTrees struct {
	h       *soakHouse
	r       *rand.Rand
	tally   soakTally
	top     supervisor.Supervisor
	pool    supervisor.Dynamic[int, treeOrder]
	groups  []string
	leaves  []actor.Ref[treeOrder]
	starts  atomic.Int64
	first   int64 // starts that were no restarts
	booked  int64 // restarts that the house knows of
	killed  int64 // leaves and supervisors that were told to die
	came    int64 // children of the pool
	went    int64
	started atomic.Int64 // children of the pool, as they count themselves
}

const (
	treesPart = "trees"
	treeWidth = 4 // leaves of each group
)

// treeOrder is a question, or poison.
type treeOrder struct {
	poison int // 0: none
	answer rpc.Reply[int]
}

func (treeOrder) part() string { return treesPart }
func (treeOrder) lost()        {}

var errTreePoison = errors.New("poisoned")

// treeLeaf is a child; starts is where it counts itself.
type treeLeaf struct {
	t      *soakTrees
	starts *atomic.Int64
}

func (l *treeLeaf) PreStart(*actor.Context[treeOrder]) error {
	l.starts.Add(1)
	return nil
}

func (l *treeLeaf) Handle(_ *actor.Context[treeOrder], m treeOrder) error {
	y := &l.t.tally
	y.entered.Add(1)
	switch m.poison {
	case 0:
		m.answer.Send(1)
		return nil
	case 1:
		y.failed.Add(1)
		return errTreePoison
	default:
		y.failed.Add(1)
		panic(errTreePoison)
	}
}

func (t *soakTrees) name() string { return treesPart }

func (t *soakTrees) start(ctx context.Context, h *soakHouse) (err error) {
	t.h, t.r = h, h.random(treesPart)
	// All that is done in a round may fall into one period.
	often := supervisor.Intensity{Max: 1000, Per: time.Second}
	top := supervisor.Spec{Intensity: often}
	for _, strategy := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll, supervisor.RestForOne} {
		group := supervisor.Spec{Strategy: strategy, Intensity: often}
		for i := range treeWidth {
			name := fmt.Sprintf("leaf %v %d", strategy, i)
			group.Children = append(group.Children, supervisor.Child{
				ID:    name,
				Start: supervisor.Of(func() *treeLeaf { return &treeLeaf{t, &t.starts} }, actor.Named(name)),
			})
			t.leaves = append(t.leaves, actor.ByName[treeOrder](ctx, name))
		}
		t.groups = append(t.groups, strategy.String())
		top.Children = append(top.Children, supervisor.Child{ID: strategy.String(), Start: supervisor.Nested(group)})
	}
	if t.top, err = supervisor.Spawn(ctx, top); err != nil {
		return err
	}
	t.first = t.starts.Load()
	t.pool, err = supervisor.SpawnDynamic(ctx, supervisor.DynamicSpec{Restart: supervisor.Transient, Intensity: often},
		func(int) *treeLeaf { return &treeLeaf{t, &t.started} })
	return err
}

func (t *soakTrees) round(ctx context.Context) error {
	for range between(t.r, 1, 8) {
		if err := t.hurt(ctx); err != nil {
			return err
		}
	}
	for _, leaf := range t.leaves {
		if err := t.ask(ctx, leaf); err != nil {
			return err
		}
	}
	for _, group := range t.groups {
		if err := t.whole(ctx, group); err != nil {
			return err
		}
	}
	if err := t.comeAndGo(ctx); err != nil {
		return err
	}
	restarts := t.starts.Load() - t.first
	t.h.restarts.Add(restarts - t.booked)
	t.booked = restarts
	return t.h.audit.flush(ctx)
}

// hurt ends one leaf, or a whole group with its supervisor. It waits for that
// end, and counts only what it has caused itself.
func (t *soakTrees) hurt(ctx context.Context) error {
	leaf := t.leaves[t.r.IntN(len(t.leaves))]
	switch t.r.IntN(5) {
	case 0:
		_ = soakCast(ctx, t.h, treesPart, &t.tally, leaf, treeOrder{poison: 1})
	case 1:
		_ = soakCast(ctx, t.h, treesPart, &t.tally, leaf, treeOrder{poison: 2})
	case 2:
		leaf.Kill()
	case 3:
		leaf.StopWith(errTreePoison)
	default:
		group, err := t.top.Child(ctx, t.groups[t.r.IntN(len(t.groups))])
		if errors.Is(err, supervisor.ErrRestarting) {
			return nil
		}
		if err != nil {
			return err
		}
		group.Kill()
	}
	t.killed++
	return nil
}

// ask has a leaf answer, however often it has to be asked while it restarts.
func (t *soakTrees) ask(ctx context.Context, leaf actor.Ref[treeOrder]) error {
	for {
		_, err := rpc.Call(ctx, leaf, func(r rpc.Reply[int]) treeOrder {
			t.tally.sent.Add(1)
			return treeOrder{answer: r}
		})
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%v does not come back: %w", leaf, err)
		case errors.Is(err, rpc.ErrNoReply): // accepted, and died
		case soakRefusal(err):
			t.tally.refused.Add(1)
		default:
			t.h.wrongf(treesPart, "call of %v: %v", leaf, err)
			return err
		}
		soakPause(ctx, time.Millisecond)
	}
}

// whole waits until a group has all its leaves.
func (t *soakTrees) whole(ctx context.Context, group string) error {
	for {
		now := supervisor.Counts{}
		ref, err := t.top.Child(ctx, group)
		if err == nil {
			s, ok := supervisor.As(ref)
			if !ok {
				return fmt.Errorf("%v is no supervisor", ref)
			}
			if now, err = s.CountChildren(ctx); err == nil && now.Active == treeWidth {
				return nil
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("group %s has %d of %d leaves: %w", group, now.Active, treeWidth, errors.Join(err, context.Cause(ctx)))
		}
		soakPause(ctx, time.Millisecond)
	}
}

// comeAndGo starts children of the dynamic supervisor and ends them.
func (t *soakTrees) comeAndGo(ctx context.Context) error {
	children := make([]actor.Ref[treeOrder], between(t.r, 10, 100))
	for i := range children {
		child, err := t.pool.StartChild(ctx, i)
		if err != nil {
			return err
		}
		children[i] = child
	}
	t.came += int64(len(children))
	for i, child := range children {
		switch i % 4 {
		case 0: // its next incarnation is terminated in its place
			child.Kill()
			if err := soakEnded(ctx, child.Any()); err != nil {
				return err
			}
		case 1:
			child.Drain()
			if err := child.Wait(ctx); err != nil {
				return err
			}
		}
	}
	for {
		all, err := t.pool.WhichChildren(ctx)
		if err != nil {
			return err
		}
		left := 0
		for info := range all {
			left++
			child, ok := actor.As[treeOrder](info.Actor)
			if !ok || info.Restarting {
				continue
			}
			if err := t.pool.TerminateChild(ctx, child); err != nil && !errors.Is(err, supervisor.ErrNotFound) {
				return err
			}
		}
		if left == 0 {
			break
		}
	}
	t.went += int64(len(children))
	return nil
}

func (t *soakTrees) stop(ctx context.Context) error {
	return errors.Join(t.top.StopAndWait(ctx), t.pool.StopAndWait(ctx))
}

func (t *soakTrees) account(tr *trial) {
	tr.balance(t.tally.ledger())
	tr.count("told_to_die", t.killed)
	tr.count("restarts", t.booked)
	tr.count("pool_starts", t.started.Load())
	tr.want("pool_gone", t.went, t.came)
	if t.started.Load() < t.came {
		tr.failf("children of the pool have started %d times: want at least %d", t.started.Load(), t.came)
	}
}
