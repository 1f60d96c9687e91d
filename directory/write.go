package directory

import (
	"database/sql"
	"errors"
	"strings"

	"github.com/weirhq/weir/internal/errs"
)

// errTaken says that an insert met a row of the same key.
var errTaken = errors.New("taken")

// insertNew turns an insert that made no row into errTaken.
func insertNew(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = errTaken
	}
	return err
}

func conflict(field, format string, args ...any) error {
	e := errs.New(errs.Conflict, format, args...)
	e.Field = strings.Split(field, ".")
	return e
}

// orNotFound says NotFound of a row that a query did not find.
func orNotFound(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errs.New(errs.NotFound, "no such %s", what)
	}
	return err
}
