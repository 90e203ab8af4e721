package main

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// mail is what crosses between the processes of the scenario remote.
type mail interface{ mail() }

// packet is 32 bytes, one way.
type packet struct{ A, B, C, D uint64 }

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

// census asks how many packets were handled, once they are Want.
type census struct {
	Want  uint64
	Reply rpc.Reply[uint64]
}

func (packet) mail()  {}
func (inquiry) mail() {}
func (bulk) mail()    {}
func (census) mail()  {}

func mailCodec() cluster.Codec {
	return cluster.Enum[mail](
		cluster.VariantOf[packet]("Packet"),
		cluster.VariantOf[inquiry]("Inquiry"),
		cluster.VariantOf[bulk]("Bulk"),
		cluster.VariantOf[census]("Census"),
	)
}

// depot is where mail arrives.
type depot struct {
	handled uint64
	last    uint64 // the number of the last packet
	late    uint64 // packets that came out of order
	waiting []census
}

// depotName is the name of a node's depot; crowd is the group of its others.
const (
	depotName = "loadgen.depot"
	crowdName = "loadgen.crowd"
)

func crowd() pg.Group[mail] { return pg.Group[mail]{Name: crowdName} }

func (d *depot) Handle(_ *actor.Context[mail], m mail) error {
	switch m := m.(type) {
	case packet:
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
	case census:
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
			t.Reply.Fail(fmt.Errorf("%d packets came out of order", d.late))
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
	refs := make([]actor.Ref[mail], others)
	for i := range refs {
		var err error
		if refs[i], err = actor.Spawn(ctx, &depot{}, actor.Remotable()); err != nil {
			return err
		}
	}
	return crowd().Join(ctx, refs...)
}
