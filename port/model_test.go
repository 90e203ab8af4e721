package port_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/port"
)

// Random operations against a model that is a list of lists.
func TestModel(t *testing.T) {
	for seed := range uint64(30) {
		ctx := start(t)
		rnd := rand.New(rand.NewPCG(seed, 7))
		type ear struct {
			l    *listener
			r    actor.Ref[int]
			want []int
			dead bool
		}
		type sub struct {
			s    *port.Subscription
			e    *ear
			mod  int
			over bool
			st   port.Stats
		}
		var p port.Port[int]
		var ears []*ear
		var subs []*sub
		var total port.Stats
		for range 6 {
			e := new(ear)
			e.l, e.r = listen(ctx, t)
			ears = append(ears, e)
		}
		for v := range 600 {
			switch op := rnd.IntN(20); {
			case op < 4:
				x := &sub{e: ears[rnd.IntN(len(ears))], mod: 1 + rnd.IntN(3)}
				x.s = p.Subscribe(x.e.r, func(v int) bool { return v%x.mod == 0 })
				x.st.Subscribers = 1
				total.Subscribers++
				subs = append(subs, x)
			case op < 7 && len(subs) > 0:
				x := subs[rnd.IntN(len(subs))]
				x.s.Cancel()
				if !x.over {
					x.over, x.st.Subscribers = true, 0
					total.Subscribers--
				}
			case op == 7 && v > 300:
				e := ears[rnd.IntN(len(ears))]
				require.NoError(t, e.r.DrainAndWait(ctx))
				e.dead = true
			default:
				p.Send(ctx, v)
				for _, x := range subs {
					switch {
					case x.over:
					case v%x.mod != 0:
						x.st.Filtered++
						total.Filtered++
					case x.e.dead:
						x.st.Refused++
						total.Refused++
						x.over, x.st.Subscribers = true, 0
						total.Subscribers--
					default:
						x.e.want = append(x.e.want, v)
						x.st.Sent++
						total.Sent++
					}
				}
			}
			require.Equal(t, total, p.Stats())
		}
		for _, x := range subs {
			require.Equal(t, x.st, x.s.Stats())
		}
		for _, e := range ears {
			require.Equal(t, e.want, e.l.all(ctx, t, e.r))
		}
	}
}
