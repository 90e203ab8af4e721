package bugs

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// event is what happens to a connection.
type event struct {
	connected, timeout bool
	open               rpc.Reply[bool]
}

// connection waits for the other side, and then is open until it hears nothing
// for a while.
type connection struct {
	right bool
	timer actor.Timer
}

func (c *connection) PreStart(ctx *actor.Context[event]) error {
	c.timer = ctx.After(time.Second, event{timeout: true})
	return nil
}

func (c *connection) Handle(ctx *actor.Context[event], e event) error {
	switch {
	case e.timeout:
		ctx.Stop()
	case e.connected:
		if c.right {
			c.timer.Cancel()
		}
		c.timer = ctx.After(time.Second, event{timeout: true})
		ctx.Become(c.connected)
	}
	return nil
}

func (c *connection) connected(ctx *actor.Context[event], e event) error {
	if e.timeout {
		ctx.Stop()
	}
	e.open.Send(true)
	return nil
}

// A timer outlives the behaviour that has armed it: after Become its message
// comes to one that takes it for its own.
//
// Seen as: the connection closes before its time.
func staleTimer(right bool) program {
	return func(sys *actortest.System) {
		c := spawn(sys, &connection{right: right})
		dialer := handle(sys, func(ctx *actor.Context[none], _ none) error { return c.Cast(ctx, event{connected: true}) })
		dialer.CastAfter(time.Second/2, none{})
		sys.Sleep(time.Second)
		sys.Settle()
		open, err := rpc.Call(sys, c, func(r rpc.Reply[bool]) event { return event{open: r} })
		require.NoError(sys, err)
		require.True(sys, open)
	}
}
