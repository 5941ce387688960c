// Lets the Temporal SDK download the command line program: `<version> <directory>`. A process of
// its own, because the SDK's native module is heavy and setup must go on when it cannot be loaded.

const [version, downloadDir] = process.argv.slice(2);
try {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', version: `v${version}`, downloadDir } },
  });
  await environment.teardown();
} catch (error) {
  process.stderr.write(`${error.message.split('\n')[0]}\n`);
  process.exitCode = 1;
}
