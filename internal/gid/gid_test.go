package gid_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/gid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ways are the two implementations; off amd64 and arm64 they are one.
var ways = map[string]func() uintptr{"ID": gid.ID, "SlowID": gid.SlowID}

//go:noinline
func deep(n int, leaf func()) byte {
	var frame [512]byte
	frame[n%len(frame)] = byte(n)
	if n == 0 {
		leaf()
		return frame[0]
	}
	return deep(n-1, leaf) + frame[n%len(frame)]
}

func TestSameForTheWholeLife(t *testing.T) {
	for name, id := range ways {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					me := id()
					same := func(after string) {
						if got := id(); got != me {
							t.Errorf("after %s: %#x, was %#x", after, got, me)
						}
					}
					same("nothing")
					deep(2000, func() { // the stack moves, more than once
						same("growth of the stack")
						runtime.GC()
						same("a collection on a deep stack")
					})
					runtime.GC() // the stack shrinks
					same("a collection")
					for range 50 {
						runtime.Gosched()
						same("Gosched")
						there, back := make(chan struct{}), make(chan struct{})
						go func() { <-there; close(back) }()
						there <- struct{}{}
						<-back
						same("waiting on a channel")
					}
					runtime.LockOSThread()
					same("LockOSThread")
					runtime.UnlockOSThread()
					func() {
						defer func() { _ = recover(); same("a panic") }()
						defer same("a panic, in a deferred call")
						panic("here")
					}()
				})
			}
			wg.Wait()
		})
	}
}

// Among goroutines that are all alive every ID is another one, and the two
// implementations and Number name the same goroutines.
func TestDistinctAmongTheLiving(t *testing.T) {
	const living = 10_000
	type names struct{ fast, slow, number uint64 }
	told, release := make(chan names, living), make(chan struct{})
	var wg sync.WaitGroup
	for range living {
		wg.Go(func() {
			n := names{uint64(gid.ID()), uint64(gid.SlowID()), gid.Number()}
			told <- n
			<-release
			if again := (names{uint64(gid.ID()), uint64(gid.SlowID()), gid.Number()}); again != n {
				t.Errorf("%v became %v", n, again)
			}
		})
	}
	fast, slow, numbers := map[uint64]bool{}, map[uint64]bool{}, map[uint64]bool{}
	for range living {
		n := <-told
		require.NotContains(t, []uint64{n.fast, n.slow, n.number}, uint64(0))
		fast[n.fast], slow[n.slow], numbers[n.number] = true, true, true
	}
	close(release)
	wg.Wait()
	require.Len(t, fast, living)
	require.Len(t, slow, living)
	require.Len(t, numbers, living)
}

// The header has more in it when GOTRACEBACK asks for system goroutines.
func TestNumberWithAnyTraceback(t *testing.T) {
	defer debug.SetTraceback("single")
	want := gid.Number()
	require.NotZero(t, want)
	for _, level := range []string{"none", "single", "all", "system"} {
		debug.SetTraceback(level)
		require.Equal(t, want, gid.Number(), level)
		require.NotNil(t, gid.Stack(want), level)
	}
}

func TestIDAllocatesNothing(t *testing.T) {
	if !gid.Fast {
		t.Skip("the runtime prints into a buffer on the heap")
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { gid.ID() }))
}

//go:noinline
func waitingToBeFound(number chan<- uint64, release <-chan struct{}) {
	number <- gid.Number()
	<-release
}

func TestStackOfAnother(t *testing.T) {
	number, release := make(chan uint64), make(chan struct{})
	// Far more than the first buffer holds stand before it, deep ones.
	const crowd = 500
	var wg sync.WaitGroup
	up := make(chan struct{}, crowd)
	for range crowd {
		wg.Go(func() { deep(60, func() { up <- struct{}{}; <-release }) })
	}
	for range crowd {
		<-up
	}
	wg.Go(func() { waitingToBeFound(number, release) })
	n := <-number
	stack := string(gid.Stack(n))
	require.True(t, strings.HasPrefix(stack, fmt.Sprintf("goroutine %d ", n)), stack)
	require.Contains(t, stack, "waitingToBeFound")
	require.NotContains(t, stack, "deep")
	require.NotContains(t, stack, "\n\n")
	require.Less(t, cap([]byte(stack)), 64<<10)
	close(release)
	wg.Wait()

	require.Contains(t, string(gid.Stack(gid.Number())), "TestStackOfAnother")
	require.Nil(t, gid.Stack(0))
	require.Nil(t, gid.Stack(1<<62))
}

func TestFind(t *testing.T) {
	const dump = "goroutine 7 [running]:\na()\n\ngoroutine 71 gp=0x1 m=2 [select]:\nb()\n\tgoroutine 3 \n\ngoroutine 5 [run"
	require.Equal(t, "goroutine 7 [running]:\na()", string(gid.Find([]byte(dump), 7, false)))
	require.Equal(t, "goroutine 71 gp=0x1 m=2 [select]:\nb()\n\tgoroutine 3 ", string(gid.Find([]byte(dump), 71, false)))
	require.Nil(t, gid.Find([]byte(dump), 5, false), "may be cut")
	require.Equal(t, "goroutine 5 [run", string(gid.Find([]byte(dump), 5, true)))
	for _, n := range []uint64{0, 1, 3, 77} {
		require.Nil(t, gid.Find([]byte(dump), n, true), n)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]uint64{
		"goroutine 1 [running]:":                 1,
		"goroutine 18446744073709551615 [idle]:": 1<<64 - 1,
		"goroutine 18446744073709551616 [idle]:": 0,
		"goroutine 12":                           0, // more digits may have been cut off
		"goroutine ":                             0,
		"goroutine  [running]:":                  0,
		"goroutine -1 [running]:":                0,
		"Goroutine 1 [running]:":                 0,
		"":                                       0,
	} {
		require.Equal(t, want, gid.Parse([]byte(text)), text)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("a()\n\tfile.go:1", uint64(1), uint64(2))
	f.Add("\n\n\ngoroutine 9 [", uint64(9), uint64(9))
	f.Fuzz(func(t *testing.T, body string, a, b uint64) {
		clean := strings.ReplaceAll(body, "\n\n", "\n")
		for strings.Contains(clean, "\n\n") {
			clean = strings.ReplaceAll(clean, "\n\n", "\n")
		}
		clean = "a()" + strings.TrimRight(clean, "\n")
		block := func(n uint64) string { return fmt.Sprintf("goroutine %d [x]:\n%s", n, clean) }
		dump := []byte(block(a) + "\n\n" + block(b))
		if a != 0 {
			require.Equal(t, block(a), string(gid.Find(dump, a, false)))
		}
		if b != 0 {
			require.Equal(t, block(b), string(gid.Find(dump, b, true)))
		}
		require.Equal(t, a, gid.Parse(dump))
		if got := gid.Find([]byte(body), a, true); got != nil { // any text: no panic, nothing foreign
			require.True(t, bytes.Contains([]byte(body), got))
			require.Equal(t, a, gid.Parse(append(got, '\n')))
		}
	})
}

var word uintptr = 1

//go:noinline
func load() uintptr { return word }

// The baseline is a call that is not inlined and loads one word.
func BenchmarkID(b *testing.B) {
	b.Run("baseline", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			load()
		}
	})
	b.Run("ID", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			gid.ID()
		}
	})
	b.Run("SlowID", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			gid.SlowID()
		}
	})
}
