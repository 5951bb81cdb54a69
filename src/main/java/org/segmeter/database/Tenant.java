package org.segmeter.database;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * For whom a thread works. While a tenant is bound, every connection that the thread takes shows the rows of that tenant only and writes
 * rows for it; without one the thread works for the service itself, which sees everything and writes for {@link #DEFAULT}.
 */
public final class Tenant {

    /** The tenant of an installation that has no others. */
    public static final String DEFAULT = "default";

    /** Bound for those who have not said who they are: no row is ever of this one, because it is no name. */
    public static final String NOBODY = "!nobody";

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
    private static final ThreadLocal<@Nullable String> BOUND = new ThreadLocal<>();

    private Tenant() {}

    /** True for 1 to 63 lower-case letters, digits and hyphens that do not begin with a hyphen. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** Whom this thread works for; null for the service itself. */
    public static @Nullable String bound() {
        return BOUND.get();
    }

    /** Whose rows are written. */
    public static String current() {
        String bound = BOUND.get();
        return bound == null ? DEFAULT : bound;
    }

    /**
     * True unless the thread works for another tenant than {@link #DEFAULT}: what the configuration names (a PACS, directories of this
     * machine, webhooks) is of the installation's own tenant, and of no other.
     */
    public static boolean isOfTheInstallation() {
        return current().equals(DEFAULT);
    }

    /** Until it is closed, by the same thread, the thread works for the tenant. */
    public static Binding bind(@Nullable String tenant) {
        Binding binding = new Binding(BOUND.get());
        set(tenant);
        return binding;
    }

    /** The work, done by another thread for the tenant of this one. */
    public static Runnable carrying(Runnable work) {
        String tenant = BOUND.get();
        if (tenant == null) {
            return work;
        }
        return () -> {
            try (Binding ignored = bind(tenant)) {
                work.run();
            }
        };
    }

    private static void set(@Nullable String tenant) {
        if (tenant == null) {
            BOUND.remove();
        } else {
            BOUND.set(tenant);
        }
    }

    /** What ends with {@link #close}: the thread works for whom it worked before. */
    public static final class Binding implements AutoCloseable {

        private final @Nullable String before;

        private Binding(@Nullable String before) {
            this.before = before;
        }

        @Override
        public void close() {
            set(before);
        }
    }
}
