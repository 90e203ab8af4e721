package actortest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// show gives f to Run, which makes the run twice, to compare. In a test of your own
// you do that yourself: here it takes a *testing.T to have an Output.
func show(f func(sys *actortest.System), opts ...actortest.Option) {
	testing.RunTests(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "Example", F: func(t *testing.T) { actortest.Run(t, f, opts...) }}})
}

// A probe stands in for whom an actor talks to: here the one that is told when a
// kettle boils.
func ExampleProbe() {
	show(func(sys *actortest.System) {
		told := actortest.NewProbe[string](sys)
		kettle, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[string], what string) error {
			return told.Ref().CastAfter(3*time.Minute, what+" boils").Err()
		}))
		if err != nil {
			sys.Fatalf("%v", err)
		}
		_ = kettle.Cast(sys, "water")
		told.ExpectNothing(2 * time.Minute)
		told.Expect(2*time.Minute, "water boils")
		fmt.Println(sys.Now(), told.Received())
	}, actortest.With(actortest.PCT))
	// Output:
	// 3m0s [water boils]
	// 3m0s [water boils]
}

// The actor panics when it is to handle its second message, and whoever waits for
// its end can tell that it was meant.
func ExampleInject() {
	show(func(sys *actortest.System) {
		ref, err := actor.Spawn(sys, actor.Func(func(*actor.Context[int], int) error { return nil }), actor.Named("fragile"))
		if err != nil {
			sys.Fatalf("%v", err)
		}
		_ = ref.Cast(sys, 1)
		_ = ref.Cast(sys, 2)
		var meant actortest.Injected
		fmt.Println(errors.As(ref.Wait(sys), &meant), meant)
	}, actortest.Inject(actortest.Faults{At: []actortest.Fault{{Kind: actortest.Panic, Nth: 2, Of: "fragile"}}}))
	// Output:
	// true injected by actortest into fragile, callback 2 of the run
	// true injected by actortest into fragile, callback 2 of the run
}

// thermostat has a hook that was meant to be PostStop.
type thermostat struct{}

func (*thermostat) Handle(*actor.Context[int], int) error { return nil }
func (*thermostat) OnStop(*actor.Context[int]) error      { return nil }

func ExampleCheck() {
	var t testing.TB = &printer{} // in a test, its t
	actortest.Check(t, &thermostat{})
	// Output:
	// actortest: Check: *actortest_test.thermostat.OnStop is no hook, and is not called: did you mean PostStop?
}

// printer prints what a test would be told.
type printer struct{ testing.TB }

func (*printer) Helper()                        {}
func (*printer) Errorf(format string, a ...any) { fmt.Printf(format+"\n", a...) }
