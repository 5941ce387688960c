import { createHash, randomUUID } from 'node:crypto';
import { countCharacters } from '../counting/mastodon-rules.ts';
import { Refusal } from './faults.ts';
import type { StatedLimits, StatusParams } from './rules.ts';

export interface Account {
  id: string;
  name: string;
}

/** Whom the tokens of all accounts were made for. */
export const APPLICATION = 'Baton';

/** What the network has accepted of a status. */
export interface AcceptedStatus {
  id: string;
  accountId: string;
  params: StatusParams;
  /** Epoch milliseconds. */
  createdAt: number;
  editedAt: string | null;
  reblog: boolean;
  /** Name of the application it was posted with. */
  application: string;
  idempotencyKey: string | null;
}

export interface AcceptedMedia {
  id: string;
  accountId: string;
  mediaType: string;
  sha256: string;
  description: string | null;
  /** How many times it is still to be asked for until it is processed. */
  pollsLeft: number;
  statusId: string | null;
}

/** Rules and memory of the network; its HTTP form is in server.ts. */
export class Network {
  readonly statuses: AcceptedStatus[] = [];
  readonly media: AcceptedMedia[] = [];
  readonly limits: StatedLimits;
  readonly #now: () => number;
  readonly #keyWindowMs: number | null;
  readonly #keys = new Map<string, { statusId: string; until: number }>();
  readonly #locks = new Map<string, Promise<unknown>>();
  #ids = 0n;

  constructor(options: { limits: StatedLimits; keyWindowMs: number | null; now: () => number }) {
    this.limits = options.limits;
    this.#keyWindowMs = options.keyWindowMs;
    this.#now = options.now;
  }

  /**
   * app/services/post_status_service.rb `with_idempotency`: per account, under a lock that is held while the
   * status is made; the key is kept from then on. A server without the mechanism makes a new one each time.
   */
  async post(account: Account, params: StatusParams, key: string | null): Promise<AcceptedStatus> {
    if (key === null || this.#keyWindowMs === null) return this.#create(account, params, key);
    const name = `${account.id}\n${key}`;
    const windowMs = this.#keyWindowMs;
    const made = (this.#locks.get(name) ?? Promise.resolve()).then(async () => {
      // The others that were sent at once arrive while this one holds the lock.
      await new Promise((resolve) => setImmediate(resolve));
      const known = this.#keys.get(name);
      const status = this.statuses.find(({ id }) => id === known?.statusId);
      if (known && status && known.until > this.#now()) return status;
      const created = this.#create(account, params, key);
      this.#keys.set(name, { statusId: created.id, until: this.#now() + windowMs });
      return created;
    });
    this.#locks.set(
      name,
      made.catch(() => undefined),
    );
    return made;
  }

  /** A post by other means than the API: the account's owner, or a client. */
  seed(account: Account, params: StatusParams, rest: Partial<AcceptedStatus> = {}): AcceptedStatus {
    const status = { ...this.#create(account, params, null), ...rest };
    this.statuses[this.statuses.length - 1] = status;
    return status;
  }

  upload(
    account: Account,
    file: { bytes: Buffer; mediaType: string; description: string | null; polls: number },
  ): AcceptedMedia {
    const { limits } = this;
    if (!limits.mediaTypes.includes(file.mediaType)) {
      throw new Refusal(422, 'Validation failed: File content type is invalid, File is invalid');
    }
    const max = isImage(file.mediaType) ? limits.imageSizeLimit : limits.videoSizeLimit;
    if (file.bytes.length > max) {
      throw new Refusal(422, `Validation failed: File file size must be less than ${max}`);
    }
    // app/models/media_attachment.rb: Ruby counts code points.
    if ([...(file.description ?? '')].length > limits.descriptionLimit) {
      throw new Refusal(422, 'Validation failed: Description is too long');
    }
    const media = {
      id: this.#nextId(),
      accountId: account.id,
      mediaType: file.mediaType,
      sha256: createHash('sha256').update(file.bytes).digest('hex'),
      description: file.description,
      pollsLeft: file.polls,
      statusId: null,
    };
    this.media.push(media);
    return media;
  }

  of(accountId: string): AcceptedStatus[] {
    return this.statuses.filter((status) => status.accountId === accountId);
  }

  #create(account: Account, params: StatusParams, key: string | null): AcceptedStatus {
    const { limits } = this;
    if (!params.status && !params.media_ids) {
      throw new Refusal(422, "Validation failed: Text can't be blank");
    }
    if (countCharacters(params, limits.charactersReservedPerUrl) > limits.maxCharacters) {
      throw new Refusal(
        422,
        `Validation failed: Text character limit of ${limits.maxCharacters} exceeded`,
      );
    }
    if (params.in_reply_to_id && !this.statuses.some(({ id }) => id === params.in_reply_to_id)) {
      throw new Refusal(404, 'The post you are trying to reply to does not appear to exist.');
    }
    const media = this.#attachable(account, params.media_ids ?? []);
    const status: AcceptedStatus = {
      id: this.#nextId(),
      accountId: account.id,
      params,
      createdAt: this.#now(),
      editedAt: null,
      reblog: false,
      application: APPLICATION,
      idempotencyKey: key,
    };
    for (const file of media) file.statusId = status.id;
    this.statuses.push(status);
    return status;
  }

  /** app/services/post_status_service.rb `validate_media!`. */
  #attachable(account: Account, ids: readonly string[]): AcceptedMedia[] {
    if (ids.length > this.limits.maxMediaAttachments) {
      throw new Refusal(422, 'Cannot attach more than 4 files');
    }
    const files = ids.map((id) => {
      const file = this.media.find((known) => known.id === id && known.accountId === account.id);
      if (!file || file.statusId !== null) throw new Refusal(422, `Media with IDs ${id} not found`);
      if (file.pollsLeft > 0) {
        throw new Refusal(422, 'Cannot attach files that have not finished processing.');
      }
      return file;
    });
    if (files.length > 1 && files.some(({ mediaType }) => !isImage(mediaType))) {
      throw new Refusal(422, 'Cannot attach a video to a post that already contains images');
    }
    return files;
  }

  /** Ids grow with time, as lib/mastodon/snowflake.rb makes them. */
  #nextId(): string {
    this.#ids += 1n;
    return String((BigInt(this.#now()) << 16n) + this.#ids);
  }
}

export function newAccount(name: string): Account {
  return { id: String(1 + Number.parseInt(randomUUID().slice(0, 8), 16)), name };
}

const isImage = (mediaType: string): boolean => mediaType.startsWith('image/');
