/** What the command line works with; built once in scripts/baton.ts, and by tests. */
export interface CliDeps {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Writes a line to the standard output. */
  print(line: string): void;
  /** Writes a line to the standard error. */
  printError(line: string): void;
  /** All of the standard input. */
  readInput(): Promise<string>;
  readonly workspaces: WorkspaceMaker;
  readonly codecServer: CodecServer;
  readonly releases: Releases;
  readonly engine: EngineSetup;
  readonly tidier: Tidier;
  readonly evidence: EvidenceVerifier;
  /** Lines of a Mermaid diagram of the machine, with the item's place marked. */
  diagramOf(item: { stage: string; substage: string | null }): string[];
}

/** Which build of the workflows takes new items, and where open ones are; needs the engine, not the API. */
export interface Releases {
  status(): Promise<ReleaseStatus>;
  /** @param plan.buildId null: the build of this installation. */
  setCurrent(plan: { buildId: string | null; percentage: number }): Promise<ReleaseChange>;
  rollBack(): Promise<ReleaseChange>;
  move(plan: MovePlan, onProgress: (progress: MoveProgress) => void): Promise<MoveReport>;
}

export interface ReleaseChange {
  from: string | null;
  to: string;
}

export interface ReleaseStatus {
  current: string | null;
  ramping: { buildId: string; percentage: number } | null;
  builds: {
    buildId: string;
    status: string;
    machineVersion: number | null;
    hasWorkers: boolean;
    openItems: number;
    oldest: string | null;
  }[];
  blockers: Blocker[];
}

/** An item that is still on an earlier build, and why. */
export interface Blocker {
  itemId: string;
  buildId: string | null;
  why: string;
}

export interface MovePlan {
  perSecond: number;
  waitMs: number;
}

export interface MoveProgress {
  asked: number;
  left: number;
}

export interface MoveReport extends MoveProgress {
  target: string;
  unreadable: string[];
  blockers: Blocker[];
}

/** Prepares the engine's namespace; needs the engine, not the API. */
export interface EngineSetup {
  /** @returns the namespace, and the names of the search attributes that it did not have. */
  setUp(): Promise<{ namespace: string; added: readonly string[] }>;
}

/** Removes what is kept no longer; needs database and files, not the API. */
export interface Tidier {
  /** @returns how much of what. */
  tidy(plan: { isDryRun: boolean }): Promise<Partial<Record<string, number>>>;
}

/** Checks an audit pack by nothing but the files that it is given: no API, database or engine. */
export interface EvidenceVerifier {
  verify(question: {
    pack: string;
    /** File or directory with checkpoints, and the files with the public keys that they are signed with. */
    checkpoints: string | null;
    keys: readonly string[];
  }): Promise<EvidenceVerdict>;
}

export interface EvidenceVerdict {
  /** The first difference first; empty when everything agrees. */
  faults: { file: string; row: number | null; field: string | null; message: string }[];
  /** What was checked, a line for each thing. */
  facts: string[];
}

/** Decodes for the UI of the engine what the engine stores; needs the payload keys, not the API. */
export interface CodecServer {
  /** Serves until the process is interrupted; `onReady` is given the address for the UI. */
  serve(plan: CodecPlan, onReady: (address: string) => void): Promise<void>;
}

export interface CodecPlan {
  host: string;
  port: number;
  /** Origins of the UI. */
  uiOrigins: readonly string[];
}

/** What needs the database, not the API: nobody has a key before. */
export interface WorkspaceMaker {
  /** The first workspace of a new database, which is brought to the newest version before. */
  init(plan: NewWorkspace): Promise<MadeWorkspace>;
  /** One more workspace. */
  create(plan: NewWorkspace): Promise<MadeWorkspace>;
}

export interface NewWorkspace {
  name: string;
  adminName: string;
  /** IANA zone and country of the business calendar. */
  zone: string;
  country: string;
}

export interface MadeWorkspace {
  workspaceId: string;
  name: string;
  /** `key` is shown this once. */
  admin: { memberId: string; name: string; key: string };
}

/** The command line cannot be carried out as it was given: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It was understood and did not succeed; the message is all there is to say: exit code 1. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
}
