package main

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// freight is what crosses between the processes of the scenario remote.
type freight interface{ freight() }

// parcel is 32 bytes, one way.
type parcel struct{ A, B, C, D uint64 }

// inquiry is 32 bytes that want an answer.
type inquiry struct {
	A, B, C, D uint64
	Reply      rpc.Reply[uint64]
}

// bulk is large, and its receipt is confirmed.
type bulk struct {
	Bytes []byte
	Reply rpc.Reply[uint64]
}

// tally asks how many parcels were handled, once they are Want.
type tally struct {
	Want  uint64
	Reply rpc.Reply[uint64]
}

func (parcel) freight()  {}
func (inquiry) freight() {}
func (bulk) freight()    {}
func (tally) freight()   {}

func freightCodec() cluster.Codec {
	return cluster.Enum[freight](
		cluster.VariantOf[parcel]("Parcel"),
		cluster.VariantOf[inquiry]("Inquiry"),
		cluster.VariantOf[bulk]("Bulk"),
		cluster.VariantOf[tally]("Tally"),
	)
}

// depot is where freight arrives.
type depot struct {
	handled uint64
	last    uint64 // the number of the last parcel
	late    uint64 // parcels that came out of order
	waiting []tally
}

// depotName is the name of a node's depot; crowd is the group of its others.
const (
	depotName = "loadgen.depot"
	crowdName = "loadgen.crowd"
)

func crowd() pg.Group[freight] { return pg.Group[freight]{Name: crowdName} }

func (d *depot) Handle(_ *actor.Context[freight], m freight) error {
	switch m := m.(type) {
	case parcel:
		if m.A <= d.last {
			d.late++
		}
		d.last = m.A
		d.handled++
		d.settle()
	case inquiry:
		m.Reply.Send(m.A + m.B + m.C + m.D)
	case bulk:
		m.Reply.Send(uint64(len(m.Bytes)))
	case tally:
		d.waiting = append(d.waiting, m)
		d.settle()
	}
	return nil
}

// settle answers those who wait for no more. Parcels out of order are never enough.
func (d *depot) settle() {
	for len(d.waiting) > 0 && d.handled >= d.waiting[0].Want {
		t := d.waiting[0]
		d.waiting = d.waiting[1:]
		if d.late > 0 {
			t.Reply.Fail(fmt.Errorf("%d parcels came out of order", d.late))
		} else {
			t.Reply.Send(d.handled)
		}
	}
}

// openDepots spawns a node's depot, and as many others in a group.
func openDepots(ctx context.Context, others int) error {
	if _, err := actor.Spawn(ctx, &depot{}, actor.Named(depotName), actor.Remotable()); err != nil {
		return err
	}
	refs := make([]actor.Ref[freight], others)
	for i := range refs {
		var err error
		if refs[i], err = actor.Spawn(ctx, &depot{}, actor.Remotable()); err != nil {
			return err
		}
	}
	return crowd().Join(ctx, refs...)
}
