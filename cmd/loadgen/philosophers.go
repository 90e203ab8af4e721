package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

func philosophers() scenario {
	return scenario{
		name:   "philosophers",
		work:   "1,000 tables of five philosophers and five forks. Who is hungry asks his neighbours for the forks that he has not, and eats when he has both; a fork that was eaten with is given to who asks, another one after the meal (Chandy and Misra, 1984). The baseline locks them: forks are channels of 1, taken in the order of their numbers.",
		op:     "a meal",
		full:   size{Actors: 5000, Messages: 5_000_000},
		modest: size{Actors: 5000, Messages: 1_000_000},
		check: func(s size) error {
			if s.Actors%seats != 0 {
				return fmt.Errorf("--actors is %d: want a multiple of %d, as many as sit at a table", s.Actors, seats)
			}
			return nil
		},
		variants: []variant{{
			capacity: 1,
			ours:     philosophersOurs,
			theirs:   func(ctx context.Context, t *trial) error { return philosophersTheirs(ctx, t, 1) },
		}},
	}
}

// seats is how many philosophers a table has.
const seats = 5

// fork is a fork. Whoever has it may write meals, which is the proof: were it
// in two hands, the race detector would see it and the sum be wrong.
type fork struct {
	held  atomic.Bool
	meals int64
}

// take and put say that a fork goes into a hand, and out of it. Both count what
// must not be: a fork in two hands, or in none.
func (f *fork) take(d *diner) {
	if !f.held.CompareAndSwap(false, true) {
		d.clashes++
	}
}

func (f *fork) put(d *diner) {
	if !f.held.CompareAndSwap(true, false) {
		d.clashes++
	}
}

// A side is where a fork lies, and the neighbour with whom it is shared.
const (
	left = iota
	right
	bothSides
)

// word is what philosophers say to each other.
type word struct {
	kind wordKind
	side int // of the receiver
	// sit: who are the neighbours, and which forks are there
	beside [bothSides]actor.Ref[word]
	dealt  [bothSides]bool
}

type wordKind uint8

const (
	sit    wordKind = iota
	hunger          // to oneself: the next meal
	please          // the fork, when you can
	here            // is the fork
)

// diner is a philosopher: what he has eaten, and is to eat.
type diner struct {
	forks   [bothSides]*fork
	meals   int64
	share   int64
	clashes int64
	over    *countdown
}

// eat uses both forks.
func (d *diner) eat() {
	for _, f := range d.forks {
		f.meals++
	}
	if d.meals++; d.meals == d.share {
		d.over.one()
	}
}

// philosopher is a diner who passes forks on. Of each fork that two share there
// is one request, which lies with who has not got the fork, or is under way.
type philosopher struct {
	diner

	beside [bothSides]actor.Ref[word]
	has    [bothSides]bool // the fork
	dirty  [bothSides]bool // and has eaten with it
	asked  [bothSides]bool // by the neighbour, for the fork
	wants  [bothSides]bool // has asked
	hungry bool
}

func (p *philosopher) Handle(ctx *actor.Context[word], m word) error {
	switch m.kind {
	case sit:
		p.beside, p.has, p.dirty = m.beside, m.dealt, m.dealt
		for side, has := range p.has {
			if has {
				p.forks[side].take(&p.diner)
			}
		}
		return nil
	case hunger:
		p.hungry = true
	case please:
		p.asked[m.side] = true
	case here:
		p.forks[m.side].take(&p.diner)
		p.has[m.side], p.dirty[m.side], p.wants[m.side] = true, false, false
	}
	return p.proceed(ctx)
}

// proceed does what can be done: gives forks away that others have asked for
// and that are not kept for a meal, asks for those that are missing, and eats.
func (p *philosopher) proceed(ctx *actor.Context[word]) error {
	if err := p.pass(ctx); err != nil {
		return err
	}
	if !p.hungry {
		return nil
	}
	for side, has := range p.has {
		if !has && !p.wants[side] {
			p.wants[side] = true
			if err := p.say(ctx, please, side); err != nil {
				return err
			}
		}
	}
	if !p.has[left] || !p.has[right] {
		return nil
	}
	p.eat()
	p.hungry, p.dirty = false, [bothSides]bool{true, true}
	if p.meals < p.share {
		if err := ctx.Self().Cast(ctx, word{kind: hunger}); err != nil {
			return err
		}
	}
	return p.pass(ctx)
}

// pass gives up the forks that were asked for. A hungry one keeps a clean fork:
// he is the next to eat with it.
func (p *philosopher) pass(ctx *actor.Context[word]) error {
	for side := range p.forks {
		if !p.has[side] || !p.asked[side] || p.hungry && !p.dirty[side] {
			continue
		}
		p.has[side], p.asked[side] = false, false
		p.forks[side].put(&p.diner)
		if err := p.say(ctx, here, side); err != nil {
			return err
		}
	}
	return nil
}

// say sends a word to the neighbour on a side, to whom it is the other side.
func (p *philosopher) say(ctx *actor.Context[word], kind wordKind, side int) error {
	return p.beside[side].Cast(ctx, word{kind: kind, side: right - side})
}

// neighbours are who sits on the left and on the right of i: five sit at a
// table. Fork i lies on his left.
func neighbours(i int) (before, next int) {
	first := i / seats * seats
	return first + (i-first+seats-1)%seats, first + (i-first+1)%seats
}

// dinner is all who eat.
type dinner struct {
	forks []fork
	over  *countdown
}

func (t *trial) dinner() *dinner {
	n := t.size.Actors
	return &dinner{forks: make([]fork, n), over: newCountdown(int(min(int64(n), t.size.Messages)))}
}

func (d *dinner) diner(t *trial, i int) diner {
	_, next := neighbours(i)
	return diner{
		forks: [bothSides]*fork{&d.forks[i], &d.forks[next]},
		share: share(t.size.Messages, t.size.Actors, i), over: d.over,
	}
}

// close makes the account, when nobody eats any more.
func (d *dinner) close(t *trial, diners func(i int) *diner) {
	account := ledger{sent: t.size.Messages}
	var clashes, short, forkMeals int64
	for i := range d.forks {
		who := diners(i)
		account.handled += who.meals
		clashes += who.clashes
		if who.meals != who.share {
			short++
		}
		forkMeals += d.forks[i].meals
	}
	t.balance(account)
	t.want("forks_in_two_hands", clashes, 0)
	t.want("not_their_share", short, 0)
	t.want("meals_of_forks", forkMeals, bothSides*t.size.Messages)
}

func philosophersOurs(ctx context.Context, t *trial) error {
	d := t.dinner()
	all := make([]philosopher, t.size.Actors)
	refs := make([]actor.Ref[word], len(all))
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range all {
			all[i].diner = d.diner(t, i)
			var err error
			if refs[i], err = actor.Spawn(ctx, &all[i]); err != nil {
				return err
			}
		}
		for i, ref := range refs {
			before, next := neighbours(i)
			// A fork is first with the lower number of its two. In a circle,
			// each with one, all would wait for ever.
			m := word{
				kind:   sit,
				beside: [bothSides]actor.Ref[word]{left: refs[before], right: refs[next]},
				dealt:  [bothSides]bool{left: i < before, right: i < next},
			}
			if err := ref.Cast(ctx, m); err != nil {
				return err
			}
		}
		return t.measure(t.size.Messages, func() error {
			for i, ref := range refs {
				if all[i].share == 0 {
					continue
				}
				if err := ref.Cast(ctx, word{kind: hunger}); err != nil {
					return err
				}
			}
			return await(ctx, d.over.done)
		})
	})
	if errIsRunning(err) {
		return err
	}
	d.close(t, func(i int) *diner { return &all[i].diner })
	return err
}

func philosophersTheirs(ctx context.Context, t *trial, capacity int) error {
	d := t.dinner()
	all := make([]diner, t.size.Actors)
	lying := make([]chan struct{}, len(d.forks))
	for i := range lying {
		lying[i] = make(chan struct{}, capacity)
		lying[i] <- struct{}{}
	}
	err := t.measure(t.size.Messages, func() error {
		var seated sync.WaitGroup
		for i := range all {
			all[i] = d.diner(t, i)
			_, next := neighbours(i)
			low, high := min(i, next), max(i, next)
			seated.Go(func() {
				for range all[i].share {
					<-lying[low]
					<-lying[high]
					for _, f := range all[i].forks {
						f.take(&all[i])
					}
					all[i].eat()
					for _, f := range all[i].forks {
						f.put(&all[i])
					}
					lying[high] <- struct{}{}
					lying[low] <- struct{}{}
				}
			})
		}
		seated.Wait()
		return await(ctx, d.over.done)
	})
	if err != nil {
		return err
	}
	d.close(t, func(i int) *diner { return &all[i] })
	return nil
}
