package factory

import (
	"errors"
	"log/slog"
	"runtime/debug"

	"github.com/ractor-go/ractor/actor"
)

// guard runs a function of the user's: a panic of it is an *actor.PanicError.
func guard(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &actor.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	f()
	return nil
}

// hook runs a function of the Config, if there is one; a panic is logged.
func (c *core[J]) hook(name string, f func()) {
	if f == nil {
		return
	}
	if err := guard(f); err != nil {
		c.complain(name, err)
	}
}

// complain logs what is wrong with a function of the Config; the factory goes on.
func (c *core[J]) complain(name string, err error) {
	attrs := []any{slog.String("function", name), slog.Any("error", err)}
	if p := (*actor.PanicError)(nil); errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	c.ctx.Logger().Error("factory: a function of the Config has failed", attrs...)
}

func (c *core[J]) onDone(j *job[J], err error) {
	if f := c.cfg.OnDone; f != nil {
		c.hook("OnDone", func() { f(j.payload, err) })
	}
}

func (c *core[J]) onDiscard(j *job[J], why Reason) {
	if f := c.cfg.OnDiscard; f != nil {
		c.hook("OnDiscard", func() { f(j.payload, why) })
	}
}

func (c *core[J]) essential(j *job[J]) (yes bool) {
	if f := c.cfg.Essential; f != nil {
		c.hook("Essential", func() { yes = f(j.payload) })
	}
	return yes
}
