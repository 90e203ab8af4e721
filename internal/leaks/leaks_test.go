package leaks_test

import (
	"context"
	"testing"

	"github.com/panjf2000/ants/v2"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaks.Ants()...) }

// Nothing but the two is there, and without the option goleak complains of them:
// the option is what keeps it quiet.
func TestAnts_IgnoresTheTwo(t *testing.T) {
	err := goleak.Find()
	require.ErrorContains(t, err, "purgeStaleWorkers")
	require.ErrorContains(t, err, "ticktock")
	require.NoError(t, goleak.Find(leaks.Ants()...))
}

func TestAnts_FindsAGoroutine(t *testing.T) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		<-end
	}()
	require.ErrorContains(t, goleak.Find(leaks.Ants()...), "TestAnts_FindsAGoroutine")
	close(end)
	<-ended
	require.NoError(t, goleak.Find(leaks.Ants()...))
}

// A pool of somebody's own runs the same functions as ants' default one.
func TestAnts_FindsAPool(t *testing.T) {
	pool, err := ants.NewPool(1)
	require.NoError(t, err)
	require.ErrorContains(t, goleak.Find(leaks.Ants()...), "ticktock")
	require.NoError(t, pool.ReleaseContext(context.Background()))
	require.NoError(t, goleak.Find(leaks.Ants()...))
}

// What is there besides the two when the program begins is not ignored with them.
func TestAnts_OnlyTheTwo(t *testing.T) {
	me := "goroutine 1 [running]:\nmain()"
	const pool = "github.com/panjf2000/ants/v2.(*poolCommon)."
	purge := "\n\ngoroutine 2 [select]:\n" + pool + "purgeStaleWorkers(0x1)\ncreated by " + pool + "goPurge in goroutine 1"
	clock := "\n\ngoroutine 3 [runnable]:\n" + pool + "goTicktock.gowrap1()\ncreated by " + pool + "goTicktock in goroutine 1"
	other := "\n\ngoroutine 4 [select]:\nexample.org/other.loop()\ncreated by example.org/other.init in goroutine 1"
	require.True(t, leaks.OnlyAnts(me+purge+clock))
	require.False(t, leaks.OnlyAnts(me+purge+clock+other))
	require.False(t, leaks.OnlyAnts(me+purge+other))
	require.False(t, leaks.OnlyAnts(me+purge))
	require.False(t, leaks.OnlyAnts(me))
}
