-- Sealed with BATON_SECRET_KEY (AES-256-GCM); the key's id is part of the sealed form.
alter table channel_accounts add column credentials text;
