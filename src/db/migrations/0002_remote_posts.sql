-- Where the ids of a channel's posts are unique: on its server, or at its receiver.
create function network_of(channel text, settings jsonb) returns text language sql immutable as $$
  select channel || coalesce(' ' || (settings ->> 'server'), ' ' || md5(settings ->> 'url'), '')
$$;

-- Each post that a publication holds, by its id on the network: no two publications hold the same one. The
-- trigger below writes what stands in the send ledger; what a person states of a post that was never sent from
-- here is written with the person's word.
create table remote_posts (
  workspace_id text not null,
  network text not null,
  remote_id text not null,
  item_id text not null,
  channel_account_id text not null,
  publication_id text not null,
  -- Which text of a thread it is.
  position integer not null,
  -- By a person; the network itself said the others.
  stated boolean not null,
  held_at timestamp(3) with time zone not null default now(),
  primary key (workspace_id, network, remote_id),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id)
);
-- Two workspaces may post to one account of a network. A person's word binds only the own workspace: otherwise
-- one could take the posts of another.
create unique index remote_posts_by_network on remote_posts (network, remote_id) where not stated;

-- The look-up asks which other posts of a network may be the one that was found.
create index publish_intents_by_due on publish_intents (workspace_id, due_at);

-- A thread that goes on in a later slot keeps the posts of its texts.
create function hold_remote_posts() returns trigger language plpgsql as $$
declare
  post record;
begin
  for post in
    select a.network, own.remote_id, own.position
    from (select network_of(channel, settings) as network from channel_accounts
          where workspace_id = new.workspace_id and id = new.channel_account_id) as a,
         (select new.remote_id, 0
          union
          select s ->> 'remoteId', (s ->> 'position')::integer
          from jsonb_array_elements(new.segments) as s) as own (remote_id, position)
    where own.remote_id <> ''
  loop
    insert into remote_posts (workspace_id, network, remote_id, item_id, channel_account_id,
                              publication_id, position, stated)
    values (new.workspace_id, post.network, post.remote_id, new.item_id, new.channel_account_id,
            new.publication_id, post.position, new.resolution is not null)
    on conflict do nothing;
    perform 1 from remote_posts as r
    where r.workspace_id = new.workspace_id and r.network = post.network
      and r.remote_id = post.remote_id and r.item_id = new.item_id
      and r.channel_account_id = new.channel_account_id and r.position = post.position;
    if not found then
      raise exception using errcode = 'unique_violation', constraint = 'remote_posts_pkey',
        message = format('post %s on %s is held by another publication than %s',
                         post.remote_id, post.network, new.publication_id);
    end if;
  end loop;
  return null;
end
$$;
create trigger publish_intents_remote_posts
  after insert or update of remote_id, segments on publish_intents for each row
  when (new.remote_id is not null or new.segments @? '$[*].remoteId ? (@ != null)')
  execute function hold_remote_posts();
