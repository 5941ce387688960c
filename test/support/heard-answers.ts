import { proxySinks, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';

/** Tells a test what a run answers to each Update, also while it is replayed. */
export interface HeardAnswers extends Sinks {
  answers: { answer(id: string, answer: unknown): void };
}

const { answers } = proxySinks<HeardAnswers>();

export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      handleUpdate(input, next) {
        const answer = next(input);
        // Beside the answer's own way: one more step in it would be another history.
        void answer.then((heard) => answers.answer(input.updateId, heard));
        return answer;
      },
    },
  ],
});
