// The server that the audits of GraphQL over HTTP run against: the API's handler, without a credential and without
// anything behind it, since the audits ask for __typename only. It prints its address and serves until it is ended.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/weirhq/weir/graph"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/graphql\n", listener.Addr())
	mux := http.NewServeMux()
	mux.Handle("/graphql", graph.NewHandler(graph.Deps{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
