package sched_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/meet"
	"github.com/ractor-go/ractor/sched"
)

// The ring against a slice, with positions that wrap around.
func TestQueueIsAList(t *testing.T) {
	for _, size := range []int{1, 2, 4, 1024} {
		for _, at := range []uint32{0, math.MaxUint32 - 5} {
			t.Run(fmt.Sprintf("size %d at %d", size, at), func(t *testing.T) {
				q := sched.NewQueue(size)
				q.At(at)
				rnd := rand.New(rand.NewPCG(1, uint64(size)))
				var model []*sched.Task
				for range 20_000 {
					switch rnd.IntN(5) {
					case 0, 1:
						task := &sched.Task{}
						ok := q.Push(task)
						require.Equal(t, len(model) < size, ok)
						if ok {
							model = append(model, task)
						}
					case 2:
						if len(model) == 0 {
							require.Nil(t, q.Pop())
							q.Forget()
							require.Zero(t, q.Kept(), "a parked worker keeps nothing")
						} else {
							require.Same(t, model[0], q.Pop())
							model = model[1:]
						}
					case 3:
						if rnd.IntN(8) > 0 {
							continue
						}
						half := q.Half()
						n := min((len(model)+1)/2, 256)
						require.Len(t, half, n)
						for i, task := range half {
							require.Same(t, model[i], task)
						}
						model = model[n:]
					}
				}
			})
		}
	}
}

// Thieves and the owner share out what was pushed: each task to one of them.
func TestQueueStealing(t *testing.T) {
	const n = 100_000
	q := sched.NewQueue(8)
	q.At(math.MaxUint32 - n/2)
	tasks := make([]sched.Task, n)
	index := make(map[*sched.Task]int, n)
	for i := range tasks {
		index[&tasks[i]] = i
	}
	var taken [n]atomic.Int32
	var left atomic.Int64
	left.Store(n)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for left.Load() > 0 {
				half := q.Half()
				for _, task := range half {
					taken[index[task]].Add(1)
				}
				left.Add(-int64(len(half)))
			}
		})
	}
	pop := func() {
		if task := q.Pop(); task != nil {
			taken[index[task]].Add(1)
			left.Add(-1)
		} else {
			q.Forget()
		}
	}
	for i := range tasks {
		for !q.Push(&tasks[i]) {
			pop()
		}
		if i%3 == 0 {
			pop()
		}
	}
	for left.Load() > 0 {
		pop()
	}
	wg.Wait()
	for i := range taken {
		require.EqualValues(t, 1, taken[i].Load(), "task %d", i)
	}
}

// An owner and a thief that come at once do not both get a task.
func TestPopMeetsHalf(t *testing.T) {
	q := sched.NewQueue(32)
	tasks := make([]sched.Task, 32)
	var popped *sched.Task
	var stolen []*sched.Task
	meet.Often(20_000/meet.Share,
		func() {
			for i := range tasks {
				q.Push(&tasks[i])
			}
		},
		func() { popped = q.Pop() },
		func() { stolen = q.Half() },
		func() {
			left := 0
			for q.Pop() != nil {
				left++
			}
			if left+len(stolen)+1 != len(tasks) || slices.Contains(stolen, popped) {
				require.FailNow(t, "not each task to one of them", "left %d, stolen %d, popped too: %v", left, len(stolen), slices.Contains(stolen, popped))
			}
		})
}

func TestGlobalQueue(t *testing.T) {
	var g sched.GlobalQueue
	tasks := make([]sched.Task, 20)
	at := func(i int) *sched.Task { return &tasks[i] }
	// Tasks are equal to each other in all but their place.
	places := func(ts []*sched.Task) (is []int) {
		for _, task := range ts {
			i := 0
			for i < len(tasks) && task != at(i) {
				i++
			}
			is = append(is, i)
		}
		return is
	}
	require.Empty(t, g.Pop(10, 1))
	for i := range 4 {
		g.Push(at(i))
	}
	require.Equal(t, []int{0, 1, 2}, places(g.Pop(10, 2)), "oldest first, and a share")
	g.Spill(at(4), at(5))
	g.Spill(at(6), at(7))
	require.Equal(t, []int{3, 4, 5}, places(g.Poll(8)), "some of each kind, the oldest of them")
	g.Push(at(8))
	require.Equal(t, []int{6, 7}, places(g.Pop(1, 1)), "a whole batch first")
	require.False(t, g.Empty())
	require.Equal(t, []int{8}, places(g.Poll(8)))
	require.True(t, g.Empty())
	require.Empty(t, g.Poll(8))
}
