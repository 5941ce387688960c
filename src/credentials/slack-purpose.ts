/** What the address of a Slack channel is sealed for. @param owner id of the member, or of the workspace. */
export function slackPurpose(owner: string): string {
  return `slack channel:${owner}`;
}
