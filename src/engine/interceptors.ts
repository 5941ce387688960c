import {
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Interceptor>;

/** gRPC status code of a call that its own side ended. */
const CANCELLED = 1;

/**
 * The SDK's retries, and below them a call that ends where it cannot begin. A retry comes from a timer that
 * does not ask whether the connection was closed meanwhile; what gRPC throws there would end the process.
 */
export const CLIENT_INTERCEPTORS: Interceptor[] = [
  makeGrpcRetryInterceptor(defaultGrpcRetryOptions()),
  (options, nextCall) => {
    try {
      return asCall(nextCall(options));
    } catch (error) {
      return endedCall(error);
    }
  },
];

/**
 * A history may be larger than the 4 MB that gRPC takes by default; a run continues long before this.
 * The SDK means to set a limit of its own, under a name that gRPC does not know.
 */
export const CLIENT_CHANNEL_ARGS = { 'grpc.max_receive_message_length': 64 * 1024 * 1024 };

/** Answers what gRPC asks of a call: nothing is sent, and its status says why. */
function endedCall(error: unknown): Call {
  const details = error instanceof Error ? error.message : String(error);
  return asCall({
    start(metadata, listener) {
      listener?.onReceiveStatus?.({ code: CANCELLED, details, metadata });
    },
    sendMessage() {},
    halfClose() {},
    cancelWithStatus() {},
    getPeer: () => '',
  });
}

type CallMethods = Pick<
  Call,
  'start' | 'sendMessage' | 'halfClose' | 'cancelWithStatus' | 'getPeer'
>;

/** gRPC declares its class here, and calls nothing but these methods of it. */
function asCall(call: CallMethods): Call {
  return call as Call;
}
