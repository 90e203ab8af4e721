package rpc_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// deposit is a message: an amount, and where the new balance goes.
type deposit struct {
	amount  int
	balance rpc.Reply[int]
}

var errOverdrawn = errors.New("overdrawn")

// account is an actor; its one field is its state.
type account struct{ balance int }

func (a *account) Handle(_ *actor.Context[deposit], m deposit) error {
	if a.balance+m.amount < 0 {
		m.balance.Fail(errOverdrawn) // fails the call, not the actor
		return nil
	}
	a.balance += m.amount
	m.balance.Send(a.balance)
	return nil
}

func ExampleCall() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &account{balance: 10})

	put := func(amount int) (int, error) {
		return rpc.Call(ctx, ref, func(r rpc.Reply[int]) deposit { return deposit{amount, r} })
	}
	fmt.Println(put(5))
	fmt.Println(put(-100))

	_ = ref.StopAndWait(ctx)
	_, err := put(1)
	fmt.Println(errors.Is(err, actor.ErrStopped))
	// Output:
	// 15 <nil>
	// 0 overdrawn
	// true
}

// teller asks an account and goes on with other things meanwhile.
type teller struct {
	account actor.Ref[deposit]
	served  int
}

func (t *teller) Handle(ctx *actor.Context[chan<- string], customer chan<- string) error {
	rpc.Then(ctx, t.account, func(r rpc.Reply[int]) deposit { return deposit{1, r} },
		func(balance int, err error) error { // runs inside the teller: it may touch its state
			t.served++
			customer <- fmt.Sprintf("customer %d, balance %d", t.served, balance)
			return err // would end the teller
		})
	return nil
}

func ExampleThen() {
	ctx := context.Background()
	account, _ := actor.Spawn(ctx, &account{balance: 10})
	ref, _ := actor.Spawn(ctx, &teller{account: account})

	customer := make(chan string)
	_ = ref.Cast(ctx, customer)
	_ = ref.Cast(ctx, customer)
	fmt.Println(<-customer)
	fmt.Println(<-customer)

	_ = ref.StopAndWait(ctx)
	_ = account.StopAndWait(ctx)
	// Output:
	// customer 1, balance 11
	// customer 2, balance 12
}

// A desk gives its requests to an account, which answers the caller itself.
// When the account ends without an answer the caller is told; when the desk
// ends, nothing happens to calls that it has given away.
func ExampleGive() {
	ctx := context.Background()
	account, _ := actor.Spawn(ctx, &account{})
	desk, _ := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[deposit], m deposit) error {
		return rpc.Give(ctx, m.balance, account, func(r rpc.Reply[int]) deposit { return deposit{m.amount, r} })
	}))

	balance, err := rpc.Call(ctx, desk, func(r rpc.Reply[int]) deposit { return deposit{7, r} })
	fmt.Println(balance, err)

	_ = desk.StopAndWait(ctx)
	_ = account.StopAndWait(ctx)
	// Output: 7 <nil>
}

// The accounts are asked at the same time; the answers come in the order of the
// accounts, each with its own error.
func ExampleMulti() {
	ctx := context.Background()
	var accounts []actor.Ref[deposit]
	for _, balance := range []int{100, 20, 50} {
		ref, _ := actor.Spawn(ctx, &account{balance})
		accounts = append(accounts, ref)
	}
	_ = accounts[2].StopAndWait(ctx)

	withdraw := func(r rpc.Reply[int]) deposit { return deposit{-30, r} }
	for i, r := range rpc.Multi(ctx, accounts, withdraw) {
		fmt.Printf("account %d: %d, %v\n", i, r.Value, r.Err)
	}

	for _, ref := range accounts {
		_ = ref.StopAndWait(ctx)
	}
	// Output:
	// account 0: 70, <nil>
	// account 1: 0, overdrawn
	// account 2: 0, actor: stopped
}

// The new balance goes to a display, as its message; nobody waits for it.
func ExampleForward() {
	ctx := context.Background()
	shown := make(chan string)
	account, _ := actor.Spawn(ctx, &account{balance: 10})
	display, _ := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[string], text string) error {
		shown <- text
		return nil
	}))

	err := rpc.Forward(ctx, account, func(r rpc.Reply[int]) deposit { return deposit{5, r} },
		actor.Adapt(display, func(balance int) string { return fmt.Sprint("balance: ", balance) }))
	fmt.Println(err)
	fmt.Println(<-shown)

	_ = account.StopAndWait(ctx)
	_ = display.StopAndWait(ctx)
	// Output:
	// <nil>
	// balance: 15
}

// With the debug option a cycle of calls is an error with names, no deadlock.
func ExampleDebug() {
	type question rpc.Reply[string]
	ctx := context.Background()
	var other actor.Ref[question]
	asks := func(to func() actor.Ref[question]) actor.Actor[question] {
		return actor.Func(func(ctx *actor.Context[question], q question) error {
			answer, err := rpc.Call(ctx, to(), func(r rpc.Reply[string]) question { return question(r) })
			if err != nil {
				answer = fmt.Sprint("a cycle: ", errors.Is(err, rpc.ErrCallCycle))
			}
			rpc.Reply[string](q).Send(answer)
			return nil
		})
	}
	hen, _ := actor.Spawn(ctx, asks(func() actor.Ref[question] { return other }), actor.Named("hen"))
	other, _ = actor.Spawn(ctx, asks(func() actor.Ref[question] { return hen }), actor.Named("egg"))
	rpc.Debug(actor.SystemOf(ctx), true)

	fmt.Println(rpc.Call(ctx, hen, func(r rpc.Reply[string]) question { return question(r) }))

	_ = hen.StopAndWait(ctx)
	_ = other.StopAndWait(ctx)
	// Output: a cycle: true <nil>
}

// A reply that leaves the actors, here for a goroutine that outlives the one it
// came to: Detach says that the actor does not answer for it any more.
func ExampleReply_Detach() {
	ctx := context.Background()
	pending := make(chan rpc.Reply[int], 1)
	ref, _ := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[deposit], m deposit) error {
		m.balance.Detach()
		pending <- m.balance
		return nil
	}))
	go func() {
		r := <-pending
		_ = ref.StopAndWait(ctx) // without Detach this would be the end of the call
		r.Send(42)
	}()

	balance, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) deposit { return deposit{1, r} })
	fmt.Println(balance, err)
	// Output: 42 <nil>
}
