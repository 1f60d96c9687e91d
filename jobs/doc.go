// Package jobs is Weir's background work, on River: what is to be done (arguments), who does it (thin workers over the
// domain packages), and when (schedules). A job of a tenant carries the tenant's id and nothing of its data, and goes
// through the same door as a request.
//
// Schedules make one job for each tenant, unique while it waits or runs. Tenants are spread over several queues by
// their id, so that one with much work keeps only its own queue busy.
package jobs
