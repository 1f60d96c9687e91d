package graph

import (
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
)

// mend divides what a change failed with: what the caller can mend in the input goes into the payload, one error a
// field; anything else is an error of the query.
func mend(err error) ([]*model.UserError, error) {
	list := errs.All(err)
	if len(list) == 0 {
		return nil, err
	}
	out := make([]*model.UserError, len(list))
	for i, e := range list {
		if e.Code != errs.BadInput && e.Code != errs.Conflict {
			return nil, err
		}
		out[i] = &model.UserError{Field: e.Field, Message: e.Message, Code: string(e.Code)}
	}
	return out, nil
}
