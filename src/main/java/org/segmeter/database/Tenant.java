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
    private static final ThreadLocal<@Nullable String> CALLER = new ThreadLocal<>();

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
        return bind(tenant, null);
    }

    /** As {@link #bind(String)}, for what somebody of the tenant asks. */
    public static Binding bind(@Nullable String tenant, @Nullable String caller) {
        Binding binding = new Binding(BOUND.get(), CALLER.get());
        set(BOUND, tenant);
        set(CALLER, caller);
        return binding;
    }

    /** Id of the key or subject for whose request this thread works; null for work that begins by itself, or where there is no login. */
    public static @Nullable String caller() {
        return CALLER.get();
    }

    /** The work, done by another thread for the tenant of this one. */
    public static Runnable carrying(Runnable work) {
        String tenant = BOUND.get();
        String caller = CALLER.get();
        if (tenant == null) {
            return work;
        }
        return () -> {
            try (Binding ignored = bind(tenant, caller)) {
                work.run();
            }
        };
    }

    private static void set(ThreadLocal<@Nullable String> what, @Nullable String value) {
        if (value == null) {
            what.remove();
        } else {
            what.set(value);
        }
    }

    /** What ends with {@link #close}: the thread works for whom it worked before. */
    public static final class Binding implements AutoCloseable {

        private final @Nullable String before;
        private final @Nullable String callerBefore;

        private Binding(@Nullable String before, @Nullable String callerBefore) {
            this.before = before;
            this.callerBefore = callerBefore;
        }

        @Override
        public void close() {
            set(BOUND, before);
            set(CALLER, callerBefore);
        }
    }
}
