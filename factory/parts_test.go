package factory_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/factory"
)

// The queue against a slice, in random operations.
func TestLanesModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var q factory.Lanes
		type entry struct {
			j    *factory.Job
			lane uint8
		}
		var model []entry // in the order in which they leave
		id := 0
		for range 500 {
			switch op := rnd.IntN(10); {
			case op < 4:
				e := entry{factory.NewJob(id, uint8(rnd.IntN(64))), 0}
				lane := uint8(rnd.IntN(5) * 63 / 4)
				e.j, e.lane = factory.NewJob(id, lane), lane
				at := slices.IndexFunc(model, func(o entry) bool { return o.lane > lane })
				if at < 0 {
					at = len(model)
				}
				model = slices.Insert(model, at, e)
				q.Push(e.j)
				id++
			case op < 6:
				lane := uint8(rnd.IntN(3))
				e := entry{factory.NewJob(id, lane), lane}
				at := slices.IndexFunc(model, func(o entry) bool { return o.lane >= lane })
				if at < 0 {
					at = len(model)
				}
				model = slices.Insert(model, at, e)
				q.PushFront(e.j)
				id++
			case len(model) > 0:
				i := rnd.IntN(len(model))
				q.Remove(model[i].j)
				require.False(t, model[i].j.Queued())
				model = slices.Delete(model, i, i+1)
			}
			require.Equal(t, len(model), q.Len())
			if len(model) == 0 {
				require.Nil(t, q.Peek())
				require.Nil(t, q.Worst())
				continue
			}
			require.Same(t, model[0].j, q.Peek())
			last := model[len(model)-1].lane
			worst := slices.IndexFunc(model, func(o entry) bool { return o.lane == last })
			require.Same(t, model[worst].j, q.Worst())
		}
	}
}

// The agenda against a search for the least.
func TestAgendaModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var g factory.Agenda
	alarms := make([]*factory.Alarm, 3000)
	for i := range alarms {
		alarms[i] = new(factory.Alarm)
	}
	in := map[*factory.Alarm]int64{}
	for step := range 30_000 {
		// It grows for the first half and shrinks in the second.
		a := alarms[rnd.IntN(len(alarms))]
		if rnd.IntN(100) < 70 == (step < 15_000) {
			at := int64(rnd.IntN(1000))
			g.Set(a, at)
			in[a] = at
		} else {
			g.Clear(a)
			delete(in, a)
		}
		if step%10 != 0 {
			continue
		}
		least := int64(math.MaxInt64)
		for _, at := range in {
			least = min(least, at)
		}
		if len(in) == 0 {
			require.Nil(t, g.Next())
		} else {
			require.Equal(t, least, g.Next().At())
		}
	}
	last := int64(0)
	for a := g.Next(); a != nil; a = g.Next() {
		require.GreaterOrEqual(t, a.At(), last)
		last = a.At()
		require.Contains(t, in, a)
		delete(in, a)
		g.Clear(a)
		g.Clear(a)
	}
	require.Empty(t, in)
}

// FA12: the bucket never lets more through than its rate, in any window, and
// never less than it must; also where numbers are large.
func TestFA12_Bucket(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		r := factory.Rate{Jobs: 1 + rnd.IntN(1000), Per: time.Duration(1 + rnd.Int64N(int64(time.Second)))}
		if rnd.IntN(2) == 0 {
			r.Burst = 1 + rnd.IntN(2000)
		}
		burst := max(r.Burst, 0)
		if burst == 0 {
			burst = r.Jobs
		}
		now := rnd.Int64N(1 << 40)
		b := factory.NewBucket(r, now)
		begin, taken := now, 0
		for range 2000 {
			now += rnd.Int64N(2*int64(r.Per)/int64(r.Jobs) + 2)
			if b.Take(now) {
				taken++
			}
			most := float64(burst) + float64(now-begin)*float64(r.Jobs)/float64(r.Per)
			require.LessOrEqual(t, float64(taken), most+1e-6)
		}
	}
	// Asked for more than there is all the time, it gives what there is.
	b := factory.NewBucket(factory.Rate{Jobs: 7, Per: time.Second, Burst: 3}, 0)
	taken := 0
	for now := int64(0); now <= int64(10*time.Second); now += int64(time.Millisecond) {
		if b.Take(now) {
			taken++
		}
	}
	require.Equal(t, 3+70, taken)
	// No overflow, and time that stands still or goes back changes nothing.
	b = factory.NewBucket(factory.Rate{Jobs: math.MaxInt, Per: 1, Burst: 1}, 5)
	require.True(t, b.Take(5))
	require.False(t, b.Take(5))
	require.False(t, b.Take(4))
	require.True(t, b.Take(math.MaxInt64))
	b = factory.NewBucket(factory.Rate{Jobs: 1, Per: math.MaxInt64, Burst: 1}, 0)
	require.True(t, b.Take(0))
	require.False(t, b.Take(math.MaxInt64-1))
	require.True(t, b.Take(math.MaxInt64))
}

func TestRetryDelay(t *testing.T) {
	r := factory.Retry{Backoff: 10, MaxBackoff: 65}
	var got []int64
	for n := range 6 {
		got = append(got, r.Delay(n))
	}
	require.Equal(t, []int64{10, 20, 40, 65, 65, 65}, got)
	require.Equal(t, int64(math.MaxInt64), factory.Retry{Backoff: 1, MaxBackoff: math.MaxInt64}.Delay(math.MaxInt))
	require.Zero(t, factory.Retry{MaxBackoff: 5}.Delay(math.MaxInt))
	require.Equal(t, int64(3), factory.Retry{Backoff: 9, MaxBackoff: 3}.Delay(0))
}

func TestNames(t *testing.T) {
	require.Equal(t, "rate limited", factory.RateLimited.String())
	require.Equal(t, "Reason(0)", factory.Reason(0).String())
	require.Equal(t, "Reason(99)", factory.Reason(99).String())
	require.Equal(t, "newest oldest Discard(7)", factory.Newest.String()+" "+factory.Oldest.String()+" "+factory.Discard(7).String())
	require.Zero(t, factory.Stats{}.Because(200))
}
