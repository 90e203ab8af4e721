package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
)

// demo is two hosts of a few pages, of which one page answers at the second
// request only, and one never.
func demo() http.Handler {
	pages := map[string][]string{
		"north.example/":      {"birds", "fish", "maps"},
		"north.example/birds": {"owl", "gull"},
		"north.example/fish":  {"cod", "/birds"},
		"north.example/owl":   {"http://south.example/"},
		"north.example/gull":  {"/"},
		"north.example/cod":   {"fish"},
		"south.example/":      {"dunes", "http://north.example/gull"},
		"south.example/dunes": {"/"},
	}
	var dunes atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := r.Host + r.URL.Path
		links, ok := pages[page]
		if !ok || page == "south.example/dunes" && dunes.Add(1) == 1 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		for _, link := range links {
			_, _ = fmt.Fprintf(w, "<a href=%q>look</a>\n", link)
		}
	})
}

// demoStart is a page of each host.
func demoStart() []*url.URL {
	return []*url.URL{
		{Scheme: "http", Host: "north.example", Path: "/"},
		{Scheme: "http", Host: "south.example", Path: "/"},
	}
}

// serve serves handler on this machine, to a transport that takes all hosts to it,
// until end.
func serve(handler http.Handler) (transport *http.Transport, end func()) {
	server := httptest.NewServer(handler)
	transport = &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	return transport, func() {
		transport.CloseIdleConnections()
		server.Close()
	}
}
