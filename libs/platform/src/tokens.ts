/** What `PlatformModule` provides everywhere; inject with `@Inject(TOKEN)`. */
export const LOGGER = Symbol('Logger');
export const HEALTH = Symbol('Health');
export const METRICS = Symbol('Metrics');
export const API_DOCUMENT = Symbol('ApiDocument');
