// Package notify tells a tenant what happens: at its endpoints, which are webhooks, Slack channels and mailboxes.
//
// Whoever changes something that is worth telling calls Tell in the transaction of the change. That writes a Notification,
// once for each subject, kind and episode, and a Delivery for each endpoint that asks for it: what is committed will be
// told, what is not will not. Deliver, which a job calls for each tenant, sends what is due: at least once, those of one
// endpoint and subject in their order, again after failures for a day. One worker has an endpoint at a time.
//
// What is sent how is the Sender's business (package channel), and where to it may go that of package reach. What fires
// by itself, alarms, is in package alarm.
package notify
