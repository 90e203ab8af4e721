package factory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ractor-go/ractor/factory"
)

// One worker; what is urgent overtakes what waits.
func Example_priorities() {
	ctx := context.Background()
	type letter struct {
		text   string
		urgent bool
	}
	begun, gate := make(chan struct{}), make(chan struct{})
	f, err := factory.Spawn(ctx, factory.Config[letter]{
		Workers: 1,
		NewWorker: factory.Func(func(_ context.Context, l letter) error {
			if l.text == "first" {
				close(begun)
				<-gate // the others come meanwhile
			}
			fmt.Println(l.text)
			return nil
		}),
		Priority: func(l letter) int {
			if l.urgent {
				return 0
			}
			return 1
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = f.Submit(ctx, letter{text: "first"})
	<-begun
	_ = f.Submit(ctx, letter{text: "a bill"})
	_ = f.Submit(ctx, letter{text: "an invitation"})
	_ = f.Submit(ctx, letter{text: "a telegram", urgent: true})
	close(gate)
	_ = f.Drain(ctx)
	fmt.Println(f.Stats().Done, "delivered")
	// Output:
	// first
	// a telegram
	// a bill
	// an invitation
	// 4 delivered
}

// A job that fails is tried again; one that crashes its worker costs a worker,
// not the factory; what cannot be done ends with a reason.
func Example_retry() {
	ctx := context.Background()
	tries := map[string]int{} // one worker, one job at a time
	f, err := factory.Spawn(ctx, factory.Config[string]{
		Workers: 1,
		NewWorker: factory.Func(func(_ context.Context, job string) error {
			tries[job]++
			switch {
			case job == "flaky" && tries[job] < 3:
				return errors.New("not now")
			case job == "poison":
				panic("ouch")
			}
			return nil
		}),
		Retry:     factory.Retry{Max: 2, Backoff: time.Millisecond},
		OnDiscard: func(job string, why factory.Reason) { fmt.Printf("%s: %v\n", job, why) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = f.Submit(ctx, "flaky")
	_ = f.Submit(ctx, "poison")
	_ = f.Drain(ctx)
	st := f.Stats()
	fmt.Println("done", st.Done, "discarded", st.Discarded, "retried", st.Retried)
	// Output:
	// poison: worker died
	// done 1 discarded 1 retried 4
}

// Work that has a key is done in order, and never twice at a time.
func Example_keys() {
	ctx := context.Background()
	type move struct{ account, what string }
	f, err := factory.Spawn(ctx, factory.Config[move]{
		Workers: 4,
		Router:  factory.KeyPersistent(),
		Key:     func(m move) string { return m.account },
		NewWorker: factory.Func(func(_ context.Context, m move) error {
			if m.account == "anna" {
				fmt.Println(m.what)
			}
			return nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, what := range []string{"open", "pay in", "pay out", "close"} {
		_ = f.Submit(ctx, move{"anna", what})
		_ = f.Submit(ctx, move{"bert", what})
	}
	_ = f.Drain(ctx)
	// Output:
	// open
	// pay in
	// pay out
	// close
}
