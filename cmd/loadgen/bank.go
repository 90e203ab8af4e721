package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

func bank() scenario {
	const capacity = 16
	theirs := func(ctx context.Context, t *trial) error { return bankTheirs(ctx, t, capacity) }
	of := func(name, explain string, teller newTeller) variant {
		return variant{
			name: name, explain: explain, capacity: capacity, theirs: theirs,
			ours:   func(ctx context.Context, t *trial) error { return bankOurs(ctx, t, teller) },
			actors: func(s size) int { return s.Actors + s.Producers },
		}
	}
	return scenario{
		name:   "bank",
		work:   "Tellers (--producers of them) transfer money between 1,000 accounts, which are actors too: a teller asks one for the money, and if it has that asks another one to take it. The baseline's accounts are goroutines with a channel of 16, and each answer comes in a chan of its own.",
		op:     "a transfer",
		full:   size{Actors: 1000, Messages: 1_000_000, Producers: 64},
		modest: size{Actors: 1000, Messages: 200_000, Producers: 64},
		check: func(s size) error {
			if s.Actors < 2 {
				return fmt.Errorf("--actors is %d: want at least 2 accounts", s.Actors)
			}
			return nil
		},
		variants: []variant{
			of("call", "tellers that block in rpc.Call", func(c *clerk, to []actor.Ref[order]) actor.Actor[struct{}] { return &waitingTeller{c, to} }),
			of("then", "tellers that go on in rpc.Then", func(c *clerk, to []actor.Ref[order]) actor.Actor[struct{}] { return &busyTeller{c, to} }),
		},
	}
}

// openingBalance is so low that some transfers are declined.
const openingBalance = 200

// transfer is one of the bank's transfers; all are known beforehand.
type transfer struct {
	number   int64
	from, to int // accounts
	amount   int64
}

func transferOf(number int64, accounts int) transfer {
	chance := scatter(uint64(number))
	n := uint64(accounts)
	from := chance % n
	to := (from + 1 + chance>>20%(n-1)) % n
	return transfer{number: number, from: int(from), to: int(to), amount: 1 + int64(chance>>40%100)}
}

// account is an account: no money comes from nowhere.
type account struct {
	balance int64
	books   *books
	handled int64
}

// book books a transfer, as the giving side (a negative amount) or the taking
// one; false: there is not enough.
func (a *account) book(number, amount int64) bool {
	a.handled++
	if a.balance+amount < 0 {
		return false
	}
	a.balance += amount
	if amount < 0 {
		a.books.given[number]++
	} else {
		a.books.taken[number]++
	}
	return true
}

// books has for each transfer how often it was booked, on either side. A place
// is written by the account that books it.
type books struct{ given, taken []uint8 }

// order asks an account to book something.
type order struct {
	number, amount int64
	booked         rpc.Reply[bool]
}

// vault is the actor of an account.
type vault struct{ account }

func (v *vault) Handle(_ *actor.Context[order], m order) error {
	m.booked.Send(v.book(m.number, m.amount))
	return nil
}

// clerk is what tellers do beside asking: each makes every step-th transfer.
type clerk struct {
	accounts       int
	next, step     int64
	left           int64
	done, declined int64
	over           *countdown
}

// take is the next transfer.
func (c *clerk) take() transfer {
	x := transferOf(c.next, c.accounts)
	c.next += c.step
	c.left--
	return x
}

// end enters how a transfer ended, and says whether it was the last.
func (c *clerk) end(booked bool) (last bool) {
	if booked {
		c.done++
	} else {
		c.declined++
	}
	if c.left == 0 {
		c.over.one()
	}
	return c.left == 0
}

// newTeller makes the actor of a clerk. A message has it begin, or go on.
type newTeller func(c *clerk, to []actor.Ref[order]) actor.Actor[struct{}]

// errNotTaken is an account's that takes no money.
func errNotTaken(x transfer) error {
	return fmt.Errorf("transfer %d: account %d does not take %d", x.number, x.to, x.amount)
}

// waitingTeller waits for each answer, and makes one transfer a message.
type waitingTeller struct {
	*clerk

	to []actor.Ref[order]
}

func (w *waitingTeller) Handle(ctx *actor.Context[struct{}], _ struct{}) error {
	x := w.take()
	booked, err := w.ask(ctx, x.from, x.number, -x.amount)
	if err != nil {
		return err
	}
	if booked {
		taken, err := w.ask(ctx, x.to, x.number, x.amount)
		if err != nil {
			return err
		}
		if !taken {
			return errNotTaken(x)
		}
	}
	if w.end(booked) {
		return nil
	}
	return ctx.Self().Cast(ctx, struct{}{})
}

func (w *waitingTeller) ask(ctx context.Context, account int, number, amount int64) (bool, error) {
	return rpc.Call(ctx, w.to[account], func(r rpc.Reply[bool]) order {
		return order{number: number, amount: amount, booked: r}
	})
}

// busyTeller goes on when an answer has come.
type busyTeller struct {
	*clerk

	to []actor.Ref[order]
}

func (b *busyTeller) Handle(ctx *actor.Context[struct{}], _ struct{}) error {
	x := b.take()
	end := func(booked bool) error {
		if b.end(booked) {
			return nil
		}
		return b.Handle(ctx, struct{}{})
	}
	b.ask(ctx, x.from, x.number, -x.amount, func(booked bool) error {
		if !booked {
			return end(false)
		}
		b.ask(ctx, x.to, x.number, x.amount, func(taken bool) error {
			if !taken {
				return errNotTaken(x)
			}
			return end(true)
		})
		return nil
	})
	return nil
}

func (b *busyTeller) ask(ctx *actor.Context[struct{}], account int, number, amount int64, then func(bool) error) {
	rpc.Then(ctx, b.to[account],
		func(r rpc.Reply[bool]) order { return order{number: number, amount: amount, booked: r} },
		func(booked bool, err error) error {
			if err != nil {
				return err
			}
			return then(booked)
		})
}

// tellers are how many there are: no more than transfers.
func (t *trial) tellers() int { return int(min(int64(t.size.Producers), t.size.Messages)) }

func (t *trial) books() *books {
	return &books{given: make([]uint8, t.size.Messages), taken: make([]uint8, t.size.Messages)}
}

func (t *trial) clerk(i int, over *countdown) clerk {
	n := t.tellers()
	return clerk{accounts: t.size.Actors, next: int64(i), step: int64(n), left: share(t.size.Messages, n, i), over: over}
}

func bankOurs(ctx context.Context, t *trial, teller newTeller) error {
	b, over := t.books(), newCountdown(t.tellers())
	vaults := make([]vault, t.size.Actors)
	clerks := make([]clerk, t.tellers())
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		accounts := make([]actor.Ref[order], len(vaults))
		for i := range vaults {
			vaults[i].account = account{balance: openingBalance, books: b}
			var err error
			if accounts[i], err = actor.Spawn(ctx, &vaults[i]); err != nil {
				return err
			}
		}
		refs := make([]actor.Ref[struct{}], len(clerks))
		for i := range clerks {
			clerks[i] = t.clerk(i, over)
			var err error
			if refs[i], err = actor.Spawn(ctx, teller(&clerks[i], accounts)); err != nil {
				return err
			}
		}
		return t.measure(t.size.Messages, func() error {
			for _, ref := range refs {
				if err := ref.Cast(ctx, struct{}{}); err != nil {
					return err
				}
			}
			return await(ctx, over.done)
		})
	})
	if errIsRunning(err) {
		return err
	}
	t.bankChecks(b, clerks, func(i int) *account { return &vaults[i].account })
	return err
}

// bankChecks closes the books: each transfer was booked once on either side, or
// on none, and no money has come or gone.
func (t *trial) bankChecks(b *books, clerks []clerk, accounts func(i int) *account) {
	var done, declined, total, overdrawn int64
	for i := range clerks {
		done += clerks[i].done
		declined += clerks[i].declined
	}
	orders := ledger{sent: 2*done + declined}
	for i := range t.size.Actors {
		a := accounts(i)
		total += a.balance
		if a.balance < 0 {
			overdrawn++
		}
		orders.handled += a.handled
	}
	t.balance(orders)
	var applied, wrong int64
	for i := range b.given {
		switch {
		case b.given[i] == 1 && b.taken[i] == 1:
			applied++
		case b.given[i]+b.taken[i] != 0:
			wrong++
		}
	}
	t.count("declined", declined)
	t.want("transfers", done+declined, t.size.Messages)
	t.want("applied_once", applied, done)
	t.want("applied_in_part", wrong, 0)
	t.want("total", total, int64(t.size.Actors)*openingBalance)
	t.want("accounts_overdrawn", overdrawn, 0)
}

// chanOrder is the baseline's order.
type chanOrder struct {
	number, amount int64
	booked         chan bool
}

func bankTheirs(ctx context.Context, t *trial, capacity int) error {
	b := t.books()
	accounts := make([]account, t.size.Actors)
	halls := make([]chan chanOrder, len(accounts))
	var open sync.WaitGroup
	for i := range accounts {
		accounts[i] = account{balance: openingBalance, books: b}
		halls[i] = make(chan chanOrder, capacity)
		open.Go(func() {
			for m := range halls[i] {
				m.booked <- accounts[i].book(m.number, m.amount)
			}
		})
	}
	ask := func(account int, number, amount int64) (bool, error) {
		booked := make(chan bool, 1)
		halls[account] <- chanOrder{number: number, amount: amount, booked: booked}
		select {
		case answer := <-booked:
			return answer, nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
	clerks := make([]clerk, t.tellers())
	over := newCountdown(len(clerks))
	failed := make(chan error, len(clerks))
	err := t.measure(t.size.Messages, func() error {
		for i := range clerks {
			clerks[i] = t.clerk(i, over)
			go func() {
				if err := clerks[i].toil(ask); err != nil {
					failed <- err
				}
			}()
		}
		select {
		case <-over.done:
			return nil
		case err := <-failed:
			return err
		}
	})
	if err != nil {
		return err
	}
	for _, hall := range halls {
		close(hall)
	}
	open.Wait()
	t.bankChecks(b, clerks, func(i int) *account { return &accounts[i] })
	return nil
}

// toil makes all transfers of a clerk, one after another.
func (c *clerk) toil(ask func(account int, number, amount int64) (bool, error)) error {
	for {
		x := c.take()
		booked, err := ask(x.from, x.number, -x.amount)
		if err == nil && booked {
			var taken bool
			if taken, err = ask(x.to, x.number, x.amount); err == nil && !taken {
				err = errNotTaken(x)
			}
		}
		if err != nil {
			return err
		}
		if c.end(booked) {
			return nil
		}
	}
}
