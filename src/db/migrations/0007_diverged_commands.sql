-- Where a command's run stood when its chain was found to be another one than the row's: seqs and hashes
-- of both. Null for a command whose run never said so.
alter table commands add column divergence jsonb;
