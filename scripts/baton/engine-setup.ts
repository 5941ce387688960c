import { Connection } from '@temporalio/client';
import { type EngineSetup, FailureError, UsageError } from '../../src/cli/cli-deps.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { readEngineConfig } from '../../src/config.ts';
import { CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import {
  RegistrationClosed,
  SEARCH_ATTRIBUTE_FLAGS,
  setUpSearchAttributes,
} from '../../src/engine/search-attributes.ts';

/** Prepares the namespace that the environment names. */
export function createEngineSetup(environment: NodeJS.ProcessEnv): EngineSetup {
  return {
    async setUp() {
      const { connection: options, namespace } = settingsOf(environment);
      const connection = await connect(options);
      try {
        return { namespace, added: await setUpSearchAttributes(connection, namespace) };
      } catch (error) {
        if (error instanceof RegistrationClosed)
          throw new FailureError(closedText(error, namespace));
        throw new FailureError(error instanceof Error ? error.message : String(error));
      } finally {
        await connection.close();
      }
    },
  };
}

function settingsOf(environment: NodeJS.ProcessEnv) {
  try {
    return readEngineConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

async function connect(options: ReturnType<typeof settingsOf>['connection']): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, interceptors: CLIENT_INTERCEPTORS });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FailureError(`the engine at ${options.address} does not answer: ${reason}`);
  }
}

function closedText({ message }: RegistrationClosed, namespace: string): string {
  const flags = SEARCH_ATTRIBUTE_FLAGS.join(' ');
  return (
    `${message}, and you may not register them. On Temporal Cloud: ` +
    `tcld namespace search-attributes add --namespace ${namespace} ${flags}`
  );
}
