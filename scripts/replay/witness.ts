import {
  proxySinks,
  type Sinks,
  type WorkflowInterceptors,
  type WorkflowInternalsInterceptor,
} from '@temporalio/workflow';

type Concluded = Parameters<NonNullable<WorkflowInternalsInterceptor['concludeActivation']>>[0];

/** What a run asks of the engine: its timers, activities and children, its answers, its end. */
export type RunCommand = Concluded['commands'][number];

export interface Witness extends Sinks {
  witness: { asked(commands: RunCommand[]): void };
}

const { witness } = proxySinks<Witness>();

/** Bundled with the workflows for a replay: tells what they ask of the engine, word for word. */
export const interceptors = (): WorkflowInterceptors => ({
  internals: [
    {
      concludeActivation(input, next) {
        const concluded = next(input);
        if (concluded.commands.length > 0) witness.asked([...concluded.commands]);
        return concluded;
      },
    },
  ],
});
