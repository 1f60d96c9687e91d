package app

import (
	"net/http"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/errs"
)

// transactionPaths are the versions of Aino's transaction API, which its agents are set to.
var transactionPaths = []string{"/rest/v2/transaction", "/rest/v2.0/transaction", "/rest/v2.1/transaction"}

// routeTransactions serves what Aino's agents send.
func (a *App) routeTransactions(mux *http.ServeMux) {
	batches := a.traced("transactions", authenticate(a.auth, a.log, refuseTransactions, ingest.NewTransactionHandler(a.ingest)))
	for _, path := range transactionPaths {
		mux.Handle(path, batches)
	}
}

// refuseTransactions answers as Aino's API does: in text.
func refuseTransactions(w http.ResponseWriter, status int, err *errs.Error) {
	ingest.RefuseTransactions(w, status, err.Message)
}
