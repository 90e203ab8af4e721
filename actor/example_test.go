package actor_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// tally is an actor: a value that handles one message at a time. Its fields are
// its state, and nobody else's.
type tally struct{ sum int }

func (a *tally) Handle(_ *actor.Context[int], n int) error {
	a.sum += n
	return nil // an error would end the actor
}

// PostStop runs when the actor ends gracefully.
func (a *tally) PostStop(*actor.Context[int]) error {
	fmt.Println("sum", a.sum)
	return nil
}

func ExampleSpawn() {
	ctx := context.Background()
	ref, err := actor.Spawn(ctx, &tally{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for n := 1; n <= 4; n++ {
		_ = ref.Cast(ctx, n) // never waits; the order is kept
	}
	_ = ref.DrainAndWait(ctx)
	fmt.Println(ref.Cast(ctx, 5))
	// Output:
	// sum 10
	// actor: stopped
}

func ExampleFunc() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[string], name string) error {
		fmt.Println("hello,", name)
		return nil
	}))
	_ = ref.Cast(ctx, "world")
	_ = ref.DrainAndWait(ctx)
	// Output: hello, world
}

// thermostat is a behaviour: it has no state of its own, so that one value may
// serve many actors. PreStart makes the state (here an int, the temperature) of
// the arguments (here also an int).
type thermostat struct{ limit int }

func (thermostat) PreStart(_ *actor.Context[int], begin int) (temperature int, err error) {
	return begin, nil
}

func (t thermostat) Handle(_ *actor.Context[int], change int, temperature *int) error {
	*temperature = min(*temperature+change, t.limit)
	fmt.Println(*temperature, "degrees")
	return nil
}

func ExampleWith() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, actor.With(thermostat{limit: 25}, 18))
	_ = ref.Cast(ctx, 3)
	_ = ref.Cast(ctx, 30)
	_ = ref.DrainAndWait(ctx)
	// Output:
	// 21 degrees
	// 25 degrees
}

func ExampleNamed() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &tally{}, actor.Named("till"))
	_, err := actor.Spawn(ctx, &tally{}, actor.Named("till"))
	fmt.Println(errors.Is(err, actor.ErrNameTaken))

	found, err := actor.Whereis[int](ctx, "till")
	fmt.Println(found == ref, err)

	_, err = actor.Whereis[string](ctx, "till")
	fmt.Println(errors.Is(err, actor.ErrWrongType))
	_ = ref.StopAndWait(ctx)
	// Output:
	// true
	// true <nil>
	// true
	// sum 0
}

// A Ref of ByName leads to whoever has the name at the moment of its use.
func ExampleByName() {
	ctx := context.Background()
	sys, _ := actor.NewSystem(actor.Config{})
	ctx = actor.WithSystem(ctx, sys)

	till := actor.ByName[int](ctx, "till")
	fmt.Println(errors.Is(till.Cast(ctx, 1), actor.ErrNotFound))
	for range 2 {
		_, _ = actor.Spawn(ctx, &tally{}, actor.Named("till"))
		fmt.Println(till.Cast(ctx, 1))
		_ = till.DrainAndWait(ctx)
	}
	_ = sys.Shutdown(ctx)
	// Output:
	// true
	// <nil>
	// sum 1
	// <nil>
	// sum 1
}

// What reports to a Ref[string] can report to an actor that takes something
// else.
func ExampleAdapt() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &tally{})
	words := actor.Adapt(ref, func(word string) int { return len(word) })
	_ = words.Cast(ctx, "one")
	_ = words.Cast(ctx, "three")
	_ = ref.DrainAndWait(ctx)
	// Output: sum 8
}

func ExampleContext_After() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[string], m string) error {
		fmt.Println(m)
		switch m {
		case "begin":
			ctx.After(time.Millisecond, "later")
			ctx.After(time.Hour, "much later") // ends with the actor
		case "later":
			ctx.Stop()
		}
		return nil
	}))
	_ = ref.Cast(ctx, "begin")
	_ = ref.Wait(ctx)
	// Output:
	// begin
	// later
}

// metronome counts its ticks and ends after the third.
type metronome struct {
	ticks int
	timer actor.Timer
}

func (m *metronome) PostStart(ctx *actor.Context[struct{}]) error {
	m.timer = ctx.Every(time.Millisecond, struct{}{})
	return nil
}

func (m *metronome) Handle(ctx *actor.Context[struct{}], _ struct{}) error {
	m.ticks++
	fmt.Println("tick", m.ticks)
	if m.ticks == 3 {
		m.timer.Cancel() // no further tick is handled, not even a queued one
		ctx.Stop()
	}
	return nil
}

func ExampleContext_Every() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &metronome{})
	_ = ref.Wait(ctx)
	// Output:
	// tick 1
	// tick 2
	// tick 3
}

// watchman watches another actor, which is not its child.
type watchman struct{ watched actor.Ref[string] }

func (w *watchman) PostStart(ctx *actor.Context[string]) error {
	ctx.Monitor(w.watched.Any())
	return w.watched.Cast(ctx, "print")
}

func (w *watchman) Handle(*actor.Context[string], string) error { return nil }

func (w *watchman) HandleSupervision(ctx *actor.Context[string], ev actor.Event) error {
	fmt.Println(ev.Kind, "--", ev.Err)
	ctx.Stop()
	return nil
}

func ExampleContext_Monitor() {
	ctx := context.Background()
	printer, _ := actor.Spawn(ctx, actor.Func(func(*actor.Context[string], string) error {
		return errors.New("out of paper")
	}))
	ref, _ := actor.Spawn(ctx, &watchman{printer})
	_ = ref.Wait(ctx)
	// Output: failed -- out of paper
}

// As a message, the end of the watched actor comes after everything that it has
// sent.
func ExampleContext_MonitorMsg() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[string], m string) error {
		fmt.Println(m)
		switch m {
		case "begin":
			source, _ := actor.Spawn(ctx, actor.Func(func(in *actor.Context[int], n int) error {
				for i := range n {
					_ = ctx.Self().Cast(in, fmt.Sprint("part ", i))
				}
				in.Stop()
				return nil
			}))
			ctx.MonitorMsg(source.Any(), func(d actor.Down) string { return fmt.Sprint("down: ", d.Err) })
			_ = source.Cast(ctx, 2)
		case "down: <nil>":
			ctx.Stop()
		}
		return nil
	}))
	_ = ref.Cast(ctx, "begin")
	_ = ref.Wait(ctx)
	// Output:
	// begin
	// part 0
	// part 1
	// down: <nil>
}

// fragile fails at negative numbers.
type fragile struct{ sum int }

func (f *fragile) Handle(_ *actor.Context[int], n int) error {
	if n < 0 {
		return fmt.Errorf("cannot add %d", n)
	}
	f.sum += n
	fmt.Println("sum", f.sum)
	return nil
}

// keeper has one child and starts it anew when it fails.
type keeper struct {
	child  actor.Ref[int]
	failed chan<- error
}

func (k *keeper) start(ctx *actor.Context[int]) (err error) {
	k.child, err = actor.SpawnLinked(ctx, &fragile{}) // a new value: the old one may be broken
	return err
}

func (k *keeper) PostStart(ctx *actor.Context[int]) error { return k.start(ctx) }

func (k *keeper) Handle(ctx *actor.Context[int], n int) error { return k.child.Cast(ctx, n) }

func (k *keeper) HandleSupervision(ctx *actor.Context[int], ev actor.Event) error {
	if ev.Kind != actor.Failed {
		return nil
	}
	k.failed <- ev.Err
	return k.start(ctx)
}

func ExampleSpawnLinked() {
	ctx := context.Background()
	failed := make(chan error, 1)
	ref, _ := actor.Spawn(ctx, &keeper{failed: failed})
	_ = ref.Cast(ctx, 1)
	_ = ref.Cast(ctx, -1)
	fmt.Println(<-failed)
	_ = ref.Cast(ctx, 2) // handled after the restart: events come before messages
	_ = ref.Cast(ctx, -2)
	fmt.Println(<-failed)
	_ = ref.StopTree(ctx)
	// Output:
	// sum 1
	// cannot add -1
	// sum 2
	// cannot add -2
}

func ExampleBounded() {
	ctx := context.Background()
	entered, leave := make(chan struct{}), make(chan struct{})
	ref, _ := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[string], m string) error {
		fmt.Println(m)
		if m == "first" {
			entered <- struct{}{}
			<-leave
		}
		return nil
	}), actor.Bounded(1, actor.Refuse))

	_ = ref.Cast(ctx, "first")
	<-entered                            // it is being handled, and
	fmt.Println(ref.Cast(ctx, "second")) // one message may wait
	fmt.Println(ref.Cast(ctx, "third"))  // but not two
	close(leave)
	_ = ref.DrainAndWait(ctx)
	// Output:
	// first
	// <nil>
	// actor: mailbox is full
	// second
}

// Drain handles what is queued before it ends the actor, Stop does not.
func ExampleRef_Drain() {
	ctx := context.Background()
	for name, end := range map[string]func(actor.Ref[string]){"drained": actor.Ref[string].Drain, "stopped": actor.Ref[string].Stop} {
		entered, leave := make(chan struct{}), make(chan struct{})
		ref, _ := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[string], m string) error {
			if m == "first" {
				entered <- struct{}{}
				<-leave
			}
			fmt.Println(name, "after", m)
			return nil
		}))
		_ = ref.Cast(ctx, "first")
		_ = ref.Cast(ctx, "second")
		<-entered
		end(ref)
		close(leave)
		_ = ref.Wait(ctx)
	}
	// Unordered output:
	// drained after first
	// drained after second
	// stopped after first
}

// branch says when it ends.
type branch struct {
	name     string
	children []string
}

func (b *branch) PreStart(ctx *actor.Context[int]) error {
	for _, name := range b.children {
		if _, err := actor.SpawnLinked(ctx, &branch{name: name}); err != nil {
			return err
		}
	}
	return nil
}

func (b *branch) Handle(*actor.Context[int], int) error { return nil }

func (b *branch) PostStop(*actor.Context[int]) error {
	fmt.Println(b.name)
	return nil
}

// A tree ends gracefully from its leaves on, the youngest first. (Stop alone
// would stop the root, which kills its children.)
func ExampleRef_StopTree() {
	ctx := context.Background()
	root, _ := actor.Spawn(ctx, &branch{"root", []string{"first child", "second child"}})
	_ = root.StopTree(ctx)
	// Output:
	// second child
	// first child
	// root
}

// fetcher has slow things done elsewhere.
type fetcher struct{ pages int }

func (f *fetcher) Handle(ctx *actor.Context[string], url string) error {
	actor.Async(ctx,
		func(context.Context) (int, error) { return len(url), nil }, // elsewhere: must not touch f
		func(size int, err error) error { // back in the actor: may
			f.pages++
			fmt.Println("page", f.pages, "has", size, "bytes", err)
			ctx.Stop()
			return nil
		})
	return nil
}

func ExampleAsync() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &fetcher{})
	_ = ref.Cast(ctx, "example.org")
	_ = ref.Wait(ctx)
	// Output: page 1 has 11 bytes <nil>
}

// A handler that must wait for something foreign says so; then any number of
// them may wait, and the other actors go on.
func ExampleBlocking() {
	ctx := context.Background()
	gate, through := make(chan struct{}), make(chan int)
	for range 100 {
		ref, _ := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[int], n int) error {
			n, err := actor.Blocking(ctx, func() (int, error) {
				<-gate
				return 2 * n, nil
			})
			through <- n
			ctx.Stop()
			return err
		}))
		_ = ref.Cast(ctx, 1)
	}
	porter, _ := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[string], _ string) error {
		close(gate)
		ctx.Stop()
		return nil
	}))
	_ = porter.Cast(ctx, "open") // a worker is there for it, though 100 handlers wait

	sum := 0
	for range 100 {
		sum += <-through
	}
	fmt.Println(sum)
	// Output: 200
}

// A System of one's own has its own workers, names and settings; systems share
// nothing.
func ExampleNewSystem() {
	sys, err := actor.NewSystem(actor.Config{KillGrace: time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := actor.WithSystem(context.Background(), sys)
	_, _ = actor.Spawn(ctx, &branch{name: "one"})
	_, _ = actor.Spawn(ctx, &branch{name: "two"})

	within, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	fmt.Println(sys.Shutdown(within)) // the youngest first, each with its children
	_, err = actor.Spawn(ctx, &branch{name: "three"})
	fmt.Println(err)
	// Output:
	// two
	// one
	// <nil>
	// actor: system is shut down
}

func ExampleSystem_DeadLetters() {
	sys, _ := actor.NewSystem(actor.Config{})
	ctx := actor.WithSystem(context.Background(), sys)
	told := make(chan struct{})
	to, _ := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[actor.DeadLetter], l actor.DeadLetter) error {
		fmt.Println(l.Message, "to", l.To.Name(), "--", l.Reason)
		close(told)
		return nil
	}))
	letters := sys.DeadLetters(to)

	gate := make(chan struct{})
	ref, _ := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[string], _ string) error {
		<-gate
		ctx.Stop()
		return nil
	}), actor.Named("clerk"))
	_ = ref.Cast(ctx, "good bye")
	_ = ref.Cast(ctx, "one more thing") // is queued when the clerk stops
	close(gate)
	<-told
	letters.Cancel()
	_ = sys.Shutdown(ctx)
	// Output: one more thing to clerk -- actor: stopped
}
