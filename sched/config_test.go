package sched_test

import (
	"math"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// Every number and every span: its zero takes a default, a negative one is an
// error that names field and value.
func TestConfigFields(t *testing.T) {
	resolved, err := sched.Config{}.Resolve()
	require.NoError(t, err)
	fields := reflect.TypeFor[sched.Config]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		if !f.Type.ConvertibleTo(reflect.TypeFor[int64]()) {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			require.Positive(t, reflect.ValueOf(resolved).Field(i).Int(), "the default")
			require.NotEmpty(t, f.Tag.Get("yaml"))
			require.Equal(t, f.Tag.Get("yaml"), f.Tag.Get("json"))
			for _, bad := range []int64{-1, math.MinInt32} {
				var cfg sched.Config
				v := reflect.ValueOf(&cfg).Elem().Field(i)
				v.SetInt(bad)
				s, err := sched.New(cfg)
				require.Nil(t, s)
				require.ErrorContains(t, err, "Config."+f.Name)
				want := "-1"
				if f.Type == reflect.TypeFor[time.Duration]() {
					want = time.Duration(bad).String()
				} else if bad != -1 {
					want = "-2147483648"
				}
				require.ErrorContains(t, err, " "+want+":")
			}
			var cfg sched.Config
			reflect.ValueOf(&cfg).Elem().Field(i).SetInt(16)
			got, err := cfg.Resolve()
			require.NoError(t, err)
			require.EqualValues(t, 16, reflect.ValueOf(got).Field(i).Int(), "what is set stays")
		})
	}
	require.Equal(t, runtime.GOMAXPROCS(0), resolved.Workers)
}

func TestConfigQueueSize(t *testing.T) {
	for _, bad := range []int{3, 1000, 1<<20 + 1, 1 << 21} {
		_, err := sched.New(sched.Config{QueueSize: bad})
		require.ErrorContains(t, err, "Config.QueueSize is")
	}
}

func TestConfigIsKept(t *testing.T) {
	s := start(t, sched.Config{Workers: 3})
	require.Equal(t, 3, s.Config().Workers)
	require.Equal(t, 64, s.Config().Budget)
}
