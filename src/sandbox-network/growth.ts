import { createHash } from 'node:crypto';
import type { SandboxMeasure } from '../metrics/sandbox-protocol.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** A number in [0, 1) that depends on nothing but its seed and name. */
function draw(seed: string, name: string): number {
  const digest = createHash('sha256').update(`${seed}\n${name}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

function between(seed: string, name: string, low: number, high: number): number {
  return low + (high - low) * draw(seed, name);
}

/** Share of its final count that a post has reached at an age: 0 at 0, half at the half-life, towards 1. */
function reached(ageSeconds: number, halfLifeSeconds: number, shape: number): number {
  return 1 - 2 ** -((ageSeconds / halfLifeSeconds) ** shape);
}

/** Followers of an account before any post is counted. */
export function baselineFollowers(account: string): number {
  return Math.round(between(account, 'followers', 4_000, 24_000));
}

/**
 * Readings of a post at an age: the same for the same marker, account and age, never falling with age, and in
 * agreement with one another: reach ≤ impressions, engaged sessions + bounces = sessions, pageviews ≥
 * sessions, key events ≤ engaged sessions, search clicks ≤ search impressions, average position ≥ 1. Every
 * pair that must keep an order grows on the same curve.
 */
export function measuresAt(
  marker: string,
  account: string,
  ageSeconds: number,
): Record<SandboxMeasure, number> {
  const final = finalCounts(marker);
  const social = reached(ageSeconds, between(marker, 'social life', 8, 30) * HOUR, 0.7);
  const web = reached(ageSeconds, between(marker, 'web life', 20, 60) * HOUR, 0.8);
  const search = reached(ageSeconds, between(marker, 'search life', 14, 28) * DAY, 1);
  const onSocial = (count: number): number => Math.floor(count * social);
  const onWeb = (count: number): number => Math.floor(count * web);
  const inSearch = (count: number): number => Math.floor(count * search);

  const engagedSessions = onWeb(final.engagedSessions);
  const bounces = onWeb(final.bounces);
  const searchImpressions = inSearch(final.searchImpressions);
  return {
    impressions: onSocial(final.impressions),
    reach: onSocial(final.reach),
    reactions: onSocial(final.reactions),
    comments: onSocial(final.comments),
    shares: onSocial(final.shares),
    saves: onSocial(final.saves),
    link_clicks: onSocial(final.linkClicks),
    followers: baselineFollowers(account) + onSocial(final.followersGained),
    sessions: engagedSessions + bounces,
    engaged_sessions: engagedSessions,
    bounces,
    pageviews: engagedSessions + bounces + onWeb(final.furtherPageviews),
    key_events: onWeb(final.keyEvents),
    downloads: onWeb(final.downloads),
    mentions_pos: onSocial(final.mentionsPositive),
    mentions_neu: onSocial(final.mentionsNeutral),
    mentions_neg: onSocial(final.mentionsNegative),
    search_impressions: searchImpressions,
    search_clicks: inSearch(final.searchClicks),
    position_x_impressions: searchImpressions + inSearch(final.positionsBelowFirst),
  };
}

/** Where the counts of a post of a middling professional account end up. */
function finalCounts(marker: string) {
  const share = (name: string, low: number, high: number): number =>
    between(marker, name, low, high);
  const impressions = share('impressions', 16_000, 48_000);
  const reach = impressions * share('reach', 0.62, 0.82);
  const linkClicks = impressions * share('link clicks', 0.016, 0.036);
  const sessions = linkClicks * share('sessions', 1.05, 1.4);
  const engagedSessions = sessions * share('engaged sessions', 0.5, 0.72);
  const searchImpressions = share('search impressions', 1_500, 9_000);
  return {
    impressions,
    reach,
    reactions: impressions * share('reactions', 0.012, 0.032),
    comments: impressions * share('comments', 0.001, 0.004),
    shares: impressions * share('shares', 0.0025, 0.008),
    saves: impressions * share('saves', 0.002, 0.006),
    linkClicks,
    followersGained: reach * share('followers gained', 0.002, 0.006),
    engagedSessions,
    bounces: sessions - engagedSessions,
    furtherPageviews: sessions * share('further pageviews', 0.5, 1.4),
    keyEvents: sessions * share('key events', 0.025, 0.06),
    downloads: sessions * share('downloads', 0.01, 0.04),
    mentionsPositive: impressions * share('positive mentions', 0.0025, 0.006),
    mentionsNeutral: impressions * share('neutral mentions', 0.0015, 0.0035),
    mentionsNegative: impressions * share('negative mentions', 0.0003, 0.0012),
    searchImpressions,
    searchClicks: searchImpressions * share('search clicks', 0.015, 0.05),
    positionsBelowFirst: searchImpressions * share('average position', 5, 20),
  };
}
