import { config } from 'zod';

// zod compiles its schemas with `new Function` where it can. The page's policy forbids that, and even asking would be a violation.
config({ jitless: true });
