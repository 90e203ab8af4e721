package actortest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// complaints is a testing.TB that keeps what it is told.
type complaints struct {
	testing.TB

	told []string
}

func (c *complaints) Helper()                   {}
func (c *complaints) Errorf(f string, a ...any) { c.told = append(c.told, fmt.Sprintf(f, a...)) }

func check(t *testing.T, a any) []string {
	c := &complaints{TB: t}
	actortest.Check(c, a)
	return c.told
}

type ictx = actor.Context[int]

// base is an actor, for others to embed.
type base struct{}

func (base) Handle(*ictx, int) error { return nil }

type misnamed struct{ base }

func (*misnamed) Prestart(*ictx) error                        { return nil }
func (*misnamed) PostStopped(*ictx) error                     { return nil }
func (*misnamed) HandleSupervisor(*ictx, actor.Event) error   { return nil }
func (*misnamed) OnStop(*ictx)                                {}
func (*misnamed) Inspects() any                               { return nil }
func (*misnamed) Poststart()                                  {}
func (*misnamed) HandleSupervisionn(*ictx, actor.Event) error { return nil }

type wrong struct{ base }

func (wrong) PreStart(*ictx)                        {}
func (wrong) PostStart() error                      { return nil }
func (wrong) HandleSupervision(*ictx, string) error { return nil }
func (wrong) Inspect() string                       { return "" }

type byPointer struct{ base }

func (*byPointer) PostStop(*ictx) error { return nil }

// right has all hooks, and other methods with names that are near enough to be
// suspicious, if they were anything like hooks.
type right struct{ base }

func (*right) PreStart(*ictx) error                       { return nil }
func (*right) PostStart(*ictx) error                      { return nil }
func (*right) PostStop(*ictx) error                       { return nil }
func (*right) HandleSupervision(*ictx, actor.Event) error { return nil }
func (*right) Inspect() any                               { return nil }
func (*right) Handled() int                               { return 0 }
func (*right) Handles(string) bool                        { return false }
func (*right) Stopped() bool                              { return false }
func (*right) Init(int)                                   {}
func (*right) handleAdd(*ictx, int) error                 { return nil }
func (*right) HandleAdd(*ictx, int) error                 { return nil }
func (*right) Deposit(*ictx, int) error                   { return nil }

type state struct{}

type behaviour struct{}

func (behaviour) PreStart(*ictx, string) (state, error) { return state{}, nil }
func (behaviour) Handle(*ictx, int, *state) error       { return nil }
func (behaviour) PostStop(*ictx, *state) error          { return nil }
func (behaviour) Inspect(*state) any                    { return nil }

type badBehaviour struct{ behaviour }

func (badBehaviour) PostStart(*ictx) error                           { return nil }
func (badBehaviour) PostStopp(*ictx, *state) error                   { return nil }
func (badBehaviour) HandleSupervision(*ictx, actor.Event, int) error { return nil }

type notOne struct{}

func (notOne) Receive(*ictx, int) error { return nil }

type other struct{}

func (other) Handle(string) {}

func TestCheck(t *testing.T) {
	require.NoError(t, (&right{}).handleAdd(nil, 0)) // it is there to be overlooked
	for _, a := range []any{&right{}, base{}, &base{}, behaviour{}, &behaviour{}, actor.With(behaviour{}, "x"), actor.Func(ignore), &counter{}} {
		require.Empty(t, check(t, a), "%T", a)
	}
	const c = "*actor.Context[int]"
	const who = "actortest: Check: "
	for _, x := range []struct {
		a    any
		want []string
	}{
		{&misnamed{}, []string{
			"*actortest_test.misnamed.HandleSupervisionn is no hook, and is not called: did you mean HandleSupervision?",
			"*actortest_test.misnamed.HandleSupervisor is no hook, and is not called: did you mean HandleSupervision?",
			"*actortest_test.misnamed.Inspects is no hook, and is not called: did you mean Inspect?",
			"*actortest_test.misnamed.OnStop is no hook, and is not called: did you mean PostStop? That is func(" + c + ") error",
			"*actortest_test.misnamed.PostStopped is no hook, and is not called: did you mean PostStop?",
			"*actortest_test.misnamed.Poststart is no hook, and is not called: did you mean PostStart? That is func(" + c + ") error",
			"*actortest_test.misnamed.Prestart is no hook, and is not called: did you mean PreStart?",
		}},
		{wrong{}, []string{
			"actortest_test.wrong.PreStart is func(" + c + "), and is not called: want func(" + c + ") error",
			"actortest_test.wrong.PostStart is func() error, and is not called: want func(" + c + ") error",
			"actortest_test.wrong.HandleSupervision is func(" + c + ", string) error, and is not called: want func(" + c + ", actor.Event) error",
			"actortest_test.wrong.Inspect is func() string, and is not called: want func() interface {}",
		}},
		{byPointer{}, []string{"actortest_test.byPointer.PostStop has a pointer receiver: spawn a *actortest_test.byPointer"}},
		{actor.With[int, state, string](badBehaviour{}, ""), []string{
			"actortest_test.badBehaviour.PostStart is func(" + c + ") error, and is not called: want func(" + c + ", *actortest_test.state) error",
			"actortest_test.badBehaviour.HandleSupervision is func(" + c + ", actor.Event, int) error, and is not called: " +
				"want func(" + c + ", actor.Event, *actortest_test.state) error",
			"actortest_test.badBehaviour.PostStopp is no hook, and is not called: did you mean PostStop?",
		}},
		{notOne{}, []string{
			"actortest_test.notOne.Receive is no hook, and is not called: did you mean Handle?",
			"actortest_test.notOne has no method Handle: it is no actor",
		}},
		{other{}, []string{"actortest_test.other.Handle is func(string): want func(*actor.Context[M], M) error"}},
		{nil, []string{"nil is no actor"}},
	} {
		for i := range x.want {
			x.want[i] = who + x.want[i]
		}
		require.Equal(t, x.want, check(t, x.a))
	}
}

// What Check says of signatures and receivers Spawn says too, and the other way
// round.
func TestCheck_AgreesWithSpawn(t *testing.T) {
	spawns := func(sys *actortest.System, a actor.Actor[int]) bool {
		_, err := actor.Spawn(sys, a)
		return err == nil
	}
	actortest.Run(t, func(sys *actortest.System) {
		for _, a := range []actor.Actor[int]{&right{}, wrong{}, byPointer{}, base{}, actor.With[int, state, string](badBehaviour{}, "")} {
			require.Equal(sys, len(check(t, a)) == 0, spawns(sys, a), "%T", a)
		}
	})
}
