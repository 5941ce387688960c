/** What the pack says of itself to somebody who has nothing but the pack. */
export function packReadme(): string {
  return README_TEXT;
}

const README_TEXT = `BATON AUDIT PACK, version 1

Everything that is kept of one content item, from its brief to its verdict, at one moment.
Files that end in .jsonl have one JSON value per line; line 1 is row 1.

  manifest.json       every file with its size, rows and SHA-256; the heads of the chains;
                      the versions of the machine and of the playbook
  digests.jsonl       a digest of each field of each row: says where a file was changed
  item.json           the item as it stands, with the state of its machine
  playbook.json       the playbook version that the item is under
  events.jsonl        what happened, as a hash chain
  commands.jsonl      what people asked for: applied, refused (why), expired. A command whose
                      source is "webhook" is a row of the inbox, its id has the delivery's id
  briefs.jsonl        every version of the brief
  drafts.jsonl        every version of the draft
  files.jsonl         SHA-256, type and size of the files that the drafts use (not the files)
  handoffs.jsonl      every handoff
  approvals.jsonl     every round of approvals, each bound to a content hash
  publications.jsonl  planned and published posts
  sends.jsonl         every attempt to send one, and what came of it
  posts.jsonl         the ids of posts on their networks
  readings.jsonl      measured and stated numbers
  reviews.jsonl       frozen KPI reviews: targets, readings, verdicts
  addenda.jsonl       what late readings turned beside them, and what was decided again
  learnings.jsonl     what sign-offs teach
  comments.jsonl      the thread, and what was written with decisions
  repairs.jsonl       repairs of findings about the item
  acts.jsonl          the workspace's administrative acts up to the last one about somebody or
                      something that acted in the item. Of others it has the link only (record null)
  runs.jsonl          the runs of the workflow engine, and which of their histories are here
  histories/N.jsonl   the engine's own history of a run, one entry per line

TO VERIFY IT WITHOUT THE SERVICE

  npx baton verify-audit FILE [--checkpoints FILE_OR_DIRECTORY --key PUBLIC_KEY]

reads this file and nothing else: no database, no network. It exits 0 when everything agrees, else
1, and names the file, the row and the field of the first difference.

BY HAND

  A file:        its SHA-256 is in manifest.json.
  An event:      hash = SHA-256, in hex, of prevHash followed by the RFC 8785 JSON of
                 {seq, at, type, actor, data}. The first prevHash is 64 zeros.
  A version:     hash = SHA-256 of the RFC 8785 JSON of body. The content hash is that of
                 {"brief": hash of the brief, "draft": hash of the draft}.
  A review:      hash = SHA-256 of the RFC 8785 JSON of {targets, readings, verdicts} of body.
                 So has an addendum.
  An act:        hash = SHA-256 of prevHash followed by the text record.

WHAT IT PROVES

A pack that agrees with itself may still have been made from a rewritten database. Signed
checkpoints of the chain heads, kept by somebody else, say whether it was: give them to
verify-audit. Not found, not even with checkpoints: acts that were cut off after the last one in
acts.jsonl, because a pack ends before acts that are about something else, and acts whose record was
left out. Comments, readings that no review froze, refused commands, sends, posts, rows of files and
what a file holds, and repairs are in no chain: only manifest.json covers them.
`;
