package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// C3, C6: all that a call can come to is one error, in which one can tell what
// it was: not sent, no answer, too late, or the callee's own word.
func TestC6_OneErrorForAllOutcomes(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref, dead := doer(ctx, t), doer(ctx, t)
	require.NoError(t, dead.StopAndWait(ctx))
	soon, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	silent := doer(ctx, t)
	outcomes := []error{actor.ErrStopped, rpc.ErrNoReply, context.DeadlineExceeded, errMine}
	for name, c := range map[string]struct {
		ctx  context.Context
		to   actor.Ref[do]
		ask  func(rpc.Reply[int]) do
		want error
	}{
		"success":  {ctx, ref, reply(1), nil},
		"not sent": {ctx, dead, reply(1), actor.ErrStopped},
		"no reply": {ctx, doer(ctx, t), with(func(*actor.Context[do], rpc.Reply[int]) error { return errMine }), rpc.ErrNoReply},
		"timeout":  {soon, silent, forget, context.DeadlineExceeded},
		"refused":  {ctx, ref, failing(errMine), errMine},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := rpc.Call(c.ctx, c.to, c.ask)
			if c.want == nil {
				require.NoError(t, err)
				require.Equal(t, 1, v)
			} else {
				require.Zero(t, v)
			}
			for _, outcome := range outcomes {
				if outcome == c.want {
					require.ErrorIs(t, err, outcome)
				} else {
					require.NotErrorIs(t, err, outcome)
				}
			}
		})
	}
}
