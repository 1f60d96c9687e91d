package errs

import "errors"

// SQLState is the SQLSTATE of the database's error in err's tree, such as 23505, or "" when there is none: how errors
// of the database are told apart.
func SQLState(err error) string {
	var coded interface{ SQLState() string }
	if !errors.As(err, &coded) {
		return ""
	}
	return coded.SQLState()
}
